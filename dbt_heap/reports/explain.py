"""For `explain`: what the warehouse and Heap have of some keys, and what the next sync does. Shows values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import orjson

from dbt_heap.errors import HeapError
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.rejects import DescribedEnum, Reason, Reject
from dbt_heap.state.comparison import Comparison
from dbt_heap.state.key_lookup import MAX_ROWS, KeyLookup, ModelRow, PlannedRow, look_up_keys
from dbt_heap.state.open import open_state
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.store import StateStore
from dbt_heap.state.sync_state import SyncState
from dbt_heap.syncs.columns import Role
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, SyncType


class NextAction(DescribedEnum):
    """What the next sync would do with a row."""

    NEW = "new", "would be sent: Heap has not acknowledged it"
    CHANGED = "changed", "would be sent: it changed since Heap acknowledged it"
    DOUBTFUL = "doubtful", "would be sent in full: a run was killed, so it is unknown whether Heap has it"
    UNCHANGED = "unchanged", "nothing to send: Heap has acknowledged what the model has"
    SENT_ONCE = "acknowledged", "nothing to send: Heap has acknowledged it, and an event is sent once"
    EMPTY = "empty", "nothing to send: all of its properties are null"
    GONE = "gone", "nothing to send: it is no longer in the model, and Heap keeps what it has"
    UNKNOWN = "unknown", "nothing to send: it is not in the model, and Heap has not acknowledged it"
    BEFORE_BEGIN = "before_begin", "not compared: it is older than `begin`"
    BEFORE_LOOKBACK = "before_lookback", "not compared: it is older than the lookback; `sync --full-scan` compares all"
    SKIPPED = "skipped", "skipped: its identity is null, and `null_identity` is `skip`"
    DELETED = "deleted", "not sent: Heap was asked to delete this user"
    TO_DELETE = "to_delete", "Heap would be asked to delete this user, only by `sync --allow-deletions`"
    REJECTED = "rejected", "would be rejected"
    STILL_REJECTED = "still_rejected", "still rejected: retried when its values change, or with `--retry-rejected`"


@dataclass(frozen=True)
class PropertyState:
    """One property of a row: its values as text, and the value to send."""

    property: str
    warehouse: str | None
    acknowledged: str | None
    next: Any  # None if it is not sent
    why: str


@dataclass(frozen=True)
class Explanation:
    """What one sync has for one key."""

    asked: str  # the key, or of an event perhaps its identity
    sync: str
    type: str
    key: str
    next_action: NextAction
    reason: str | None = None  # of a reject
    bad_property: str | None = None  # the property that caused it
    since: str | None = None  # when it was first rejected
    event_at: str | None = None
    acknowledged_at: str | None = None
    run_id: str | None = None  # of the run that sent it
    origin: str | None = None
    properties: tuple[PropertyState, ...] = ()
    record: Mapping[str, Any] | None = None  # the record to send

    @property
    def sentence(self) -> str:
        """Return what the next sync does with the row, and why."""
        if self.reason is None:
            return self.next_action.sentence
        of = f" ({self.bad_property})" if self.bad_property else ""
        return f"{self.next_action.sentence}: {self.reason}{of}. {Reason.describe(self.reason)}"


_LEFT_OUT = {"skipped": NextAction.SKIPPED, "deleted": NextAction.DELETED}  # the macro `excluded_reasons`

Key: TypeAlias = "str | tuple[str, ...]"  # a single value, or the parts of a key of several columns


@dataclass(frozen=True)
class Explained:
    """What one sync has for some keys, and what blocks all of its rows."""

    sync: Sync
    rows: tuple[Explanation, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None  # why nothing is known


def explanations(invocation: Invocation, asked: Sequence[Key]) -> list[Explained]:
    """Return what each selected sync has for some keys or identities. Raises HeapError."""
    with open_state(invocation) as store:
        explained = [_explained(invocation, store, sync, asked) for sync in invocation.selected]
    causes = {each.error for each in explained}
    if len(explained) > 1 and len(causes) == 1 and (cause := causes.pop()):  # such as a missing Environment ID
        raise HeapError(cause)
    return explained


def _explained(invocation: Invocation, store: StateStore, sync: Sync, asked: Sequence[Key]) -> Explained:
    try:
        state = SyncState(store, sync, invocation.destination(sync, store.target).label)
        store.models.check([sync])
        comparison, keys = state.compare(DiffOptions()), [_as_text(key) for key in asked]
        found = _Found(comparison, look_up_keys(comparison, keys), state.entry().namespace)
    except HeapError as error:
        return Explained(sync, error=str(error))
    rows = tuple(row for key in keys for row in found.explanations(key))
    stop = state.stop_reason()
    notes = (*((f"`sync` would stop: {stop}",) if stop else ()), *_notes(invocation, comparison, found.evidence))
    return Explained(sync, rows, notes)


def _as_text(key: Key) -> str:
    """Return a key as the macro `key_text` renders it."""
    return key if isinstance(key, str) else "".join(f"{len(part)}:{part}" for part in key)


def _notes(invocation: Invocation, comparison: Comparison, evidence: KeyLookup) -> Iterator[str]:
    sync, newest = comparison.sync, comparison.newest
    if why := invocation.gates.reason(sync.model.unique_id):
        yield f"no row would be sent: {why}"
    if newest and newest.step.unfinished:
        yield "a run is still running, or was killed: what it sent is not included yet"
    if newest and newest.key_columns != sync.key:
        yield f"the key changed from {newest.key_columns} to {sync.key} since the last sync"
    if len(evidence.model) == MAX_ROWS:
        yield f"only the latest {MAX_ROWS:,} rows of its model are shown"


@dataclass(frozen=True)
class _Found:
    """What one sync has for some keys, and how to build its records."""

    comparison: Comparison
    evidence: KeyLookup
    namespace: str

    @cached_property
    def planned(self) -> dict[str | None, PlannedRow]:
        """Return what a sync would do, by key. Of several rows with the same key, each is rejected."""
        return {each.key: each for each in self.evidence.planned}

    def explanations(self, asked: str) -> Iterator[Explanation]:
        """Yield the explanation of a key; of an identity, those of all its events."""
        keys = [row.key for row in self.evidence.model if asked in (row.key, row.subject)]
        known = asked in self.evidence.acknowledged or asked in self.evidence.still_rejected
        for key in dict.fromkeys([*([asked] if known else []), *keys] or [asked]):
            yield self._explanation(asked, key)

    def _explanation(self, asked: str, key: str) -> Explanation:
        sync = self.comparison.sync
        row = next((each for each in self.evidence.model if each.key == key), None)
        acknowledged = self.evidence.acknowledged.get(key)
        next_action, reject, record = self._next_action(key, row)
        still_rejected = self.evidence.still_rejected.get(key)
        rejected = next_action in (NextAction.REJECTED, NextAction.STILL_REJECTED)
        return Explanation(
            asked=asked,
            sync=sync.name,
            type=str(sync.type),
            key=key,
            next_action=next_action,
            reason=reject[0] if rejected else None,
            bad_property=reject[1] if rejected else None,
            since=still_rejected.since if still_rejected and next_action is NextAction.STILL_REJECTED else None,
            event_at=row.event_at if row else None,
            acknowledged_at=acknowledged.at if acknowledged else None,
            run_id=acknowledged.run_id if acknowledged else None,
            origin=acknowledged.origin if acknowledged else None,
            properties=tuple(self._properties(key, row, next_action, record)),
            record=record,
        )

    def _next_action(self, key: str, row: ModelRow | None) -> tuple[NextAction, tuple[str | None, str | None], Any]:
        """Return the next action, the reason and property of a reject, and the record to send."""
        none = (None, None)
        planned = self.planned.get(key)
        if planned is None:
            return self._left(key, row), none, None
        if planned.still_rejected:
            earlier = self.evidence.still_rejected.get(key) or planned
            return NextAction.STILL_REJECTED, (planned.still_rejected, earlier.reject_property), None
        if planned.reject in _LEFT_OUT:
            return _LEFT_OUT[planned.reject], none, None
        if planned.reject:
            return NextAction.REJECTED, (planned.reject, planned.reject_property), None
        built = payload_builder(self.comparison.sync, self.comparison.columns, self.namespace)(planned.row)
        if isinstance(built, Reject):
            return NextAction.REJECTED, (str(built.reason), built.property), None
        return self._sent(key, planned), none, orjson.loads(built.record)

    def _sent(self, key: str, planned: PlannedRow) -> NextAction:
        if self.comparison.sync.type is SyncType.USER_DELETIONS:
            return NextAction.TO_DELETE
        acknowledged = self.evidence.acknowledged.get(key)
        if acknowledged and acknowledged.in_doubt:
            return NextAction.DOUBTFUL
        return NextAction.NEW if planned.is_new else NextAction.CHANGED

    def _left(self, key: str, row: ModelRow | None) -> NextAction:
        """Return why nothing would be done with a row."""
        known = key in self.evidence.acknowledged
        events = self.comparison.sync.type is SyncType.EVENTS
        if row is None:
            return NextAction.GONE if known else NextAction.UNKNOWN
        if self.comparison.sync.type is SyncType.USER_DELETIONS:
            return NextAction.DELETED
        if known:
            return NextAction.SENT_ONCE if events else NextAction.UNCHANGED
        if row.before_begin:
            return NextAction.BEFORE_BEGIN
        return NextAction.BEFORE_LOOKBACK if row.before_lookback else NextAction.EMPTY

    def _properties(self, key: str, row: ModelRow | None, action: NextAction, record: Any) -> Iterator[PropertyState]:
        """Yield the mapped properties in their order, then those that are no longer mapped but that Heap keeps."""
        acknowledged = self.evidence.acknowledged.get(key)
        known = dict(acknowledged.values) if acknowledged else {}
        sent = (record or {}).get("properties", {})
        for place, column in enumerate(self.comparison.columns):
            if column.role is Role.PROPERTY:
                value, before = row.values[place] if row else None, known.pop(column.name, None)
                why = _why(action, row, value, before, sent=column.name in sent)
                yield PropertyState(column.name, value, before, sent.get(column.name), why)
        for name, before in known.items():
            why = "no longer mapped; Heap keeps it" if before is not None else ""
            yield PropertyState(name, None, before, None, why)


def _why(action: NextAction, row: ModelRow | None, value: str | None, before: str | None, *, sent: bool) -> str:
    if sent:
        return "sent in full" if action is NextAction.DOUBTFUL else "sent" if before is None else "sent: it changed"
    if row is None:
        return ""
    if value is None:
        return "null; Heap keeps what it has" if before is not None else "null"
    if action in (NextAction.CHANGED, NextAction.UNCHANGED, NextAction.DOUBTFUL) and value == before:
        return "unchanged"
    return "" if action in (NextAction.SENT_ONCE, NextAction.UNCHANGED) else "not sent, because its row is not sent"
