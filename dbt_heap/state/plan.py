"""The plan of a sync: how many rows it would send and why, and whether it is too large to send without asking."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dbt_heap.errors import counted
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.syncs.sync import Sync, SyncType

FIRST_SYNC_ROWS = 100_000  # a larger first sync needs --first-sync


@dataclass(frozen=True)
class DiffOptions:
    """The flags of `dbt-heap sync` that change the diff."""

    retry_rejected: bool = False
    full_scan: bool = False
    rekeyed: bool = False  # a changed key is intended
    again: bool = False  # delete users again who were deleted before
    bound: bool = True  # compare only with the relation of the first sync; a preview may use another


@dataclass(frozen=True)
class Plan:
    """The row counts of one outbox."""

    sync: Sync
    columns: tuple[MappedColumn, ...]
    first: bool  # nothing of this sync was ever acknowledged
    sendable: int
    new: int
    rejected: int  # for the first time, by the rules that the warehouse checks
    still_rejected: int  # rejected before with the same values
    skipped: int  # null identities, if the declaration skips them
    deleted: int  # users deleted from Heap, who are not sent again
    batches: int
    properties: Mapping[str, int]  # rows whose value is sent, by Heap's name
    new_properties: tuple[str, ...]
    reasons: Mapping[str, int]  # rows rejected for the first time, by reason
    missing_keys: int = 0  # acknowledged keys that are missing from the model, if they were recomputed
    rekeyed_rows: int = 0  # new rows that Heap likely has under those keys
    older_key: str | None = None  # the state's key, if another is declared and not confirmed yet
    newer_than: str | None = None  # where the lookback begins; None if all rows were compared
    newest_event_at: str | None = None  # LogEntry.newest_event_at from this run on, if Heap accepts all that is sent
    newest_event_at_meanwhile: str | None = None  # … and until it has
    model_rows: int | None = None
    state_rows: int | None = None
    renamed_from: str | None = None  # the earlier name whose state the sync will take over

    @property
    def changed(self) -> int:
        """Return how many rows to send have a key that Heap has already."""
        return self.sendable - self.new

    @property
    def planned(self) -> int:
        """Return how many rows the outcome must account for."""
        return self.sendable + self.rejected


def refusal(plan: Plan, *, first_sync: bool, allow_large: Collection[str]) -> str | None:
    """Return why the guard refuses the plan, and what to type; None if it can be sent."""
    name = plan.sync.name
    if plan.first and plan.sendable > FIRST_SYNC_ROWS and not first_sync:
        return (
            f"its first sync would send {plan.sendable:,} rows, more than {FIRST_SYNC_ROWS:,}. Check them with "
            f"`dbt-heap plan --select {plan.sync.model.name}`, then run: dbt-heap sync --first-sync"
        )
    if plan.older_key and plan.new:
        return (
            f"its key changed from {plan.older_key} to {plan.sync.key}: {_duplicates(plan.sync.type, plan.new)}. "
            "If that is intended: dbt-heap sync --first-sync"
        )
    if plan.rekeyed_rows and not first_sync:
        return _recomputed(plan)
    guard = plan.sync.max_rows
    if guard is None or name in allow_large or (plan.first and guard.rows is None):
        return None
    allowed = guard.of(plan.state_rows or 0)
    if plan.sendable <= allowed:
        return None
    share = f" ({guard} of {plan.state_rows:,})" if guard.rows is None else ""
    return (
        f"it would send {plan.sendable:,} rows, and max_rows allows {allowed:,}{share}. If that is intended: "
        f"dbt-heap sync --allow-large {name}"
    )


_NOUNS = {
    SyncType.EVENTS: "event",
    SyncType.USER_PROPERTIES: "user",
    SyncType.ACCOUNT_PROPERTIES: "account",
}


def _duplicates(sync_type: SyncType, rows: int) -> str:
    """Return what Heap would do with rows that it has under other keys."""
    records = counted(rows, _NOUNS[sync_type])
    if sync_type is SyncType.EVENTS:
        return f"Heap would record {records} a second time"
    return f"Heap would create {records} a second time, and keep the old {'one' if rows == 1 else 'ones'}"


def _recomputed(plan: Plan) -> str:
    missing = f"{counted(plan.missing_keys, 'acknowledged key')} {'is' if plan.missing_keys == 1 else 'are'}"
    new = counted(plan.rekeyed_rows, "new key")
    return (
        f"{missing} missing from the model, which has {new} instead: "
        f"{_duplicates(plan.sync.type, plan.rekeyed_rows)}. Was the key ({plan.sync.key}) recomputed, for example with "
        f"another salt? If that is intended: dbt-heap sync --first-sync --select {plan.sync.model.name}"
    )
