"""Plans and samples for `plan` and `show`: the same diff as `sync`, without sending or writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from dbt_heap.delivery.throttle import WINDOW_SECONDS
from dbt_heap.errors import DeclarationError, HeapError, counted
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.records import Payload, Records, body
from dbt_heap.reports.context import Context
from dbt_heap.state.comparison import Comparison
from dbt_heap.state.open import open_state
from dbt_heap.state.plan import DiffOptions, Plan, refusal
from dbt_heap.state.store import StateStore
from dbt_heap.state.sync_state import SyncState
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, SyncType

T = TypeVar("T")
Failure = tuple[Sync, HeapError]


def for_each(syncs: Iterable[Sync], action: Callable[[Sync], T]) -> tuple[list[T], HeapError | None]:
    """Return what `action` returns for each sync, and one error for all that fail.

    Raises that error if all of them fail.
    """
    done: list[T] = []
    failures: list[Failure] = []
    for sync in syncs:
        try:
            done.append(action(sync))
        except HeapError as error:
            failures.append((sync, error))
    if failures and not done:
        raise _combined(failures, named=len({str(error) for _, error in failures}) > 1)
    return done, _combined(failures, named=True) if failures else None


def _combined(failures: Sequence[Failure], *, named: bool) -> HeapError:
    """Return one error: the mistakes in declarations as one list, and each other cause once."""
    mistakes = [mistake for _, error in failures if isinstance(error, DeclarationError) for mistake in error.mistakes]
    others = [(sync, error) for sync, error in failures if not isinstance(error, DeclarationError)]
    if not others:
        return DeclarationError(mistakes)
    names: dict[str, list[str]] = {}
    for sync, error in others:
        names.setdefault(str(error).removeprefix(f"{sync.name}: "), []).append(sync.name)
    lines = [f"{', '.join(about)}: {cause}" if named else cause for cause, about in names.items()]
    return HeapError("\n".join([*([str(DeclarationError(mistakes))] if mistakes else []), *lines]))


_SAMPLE_ROWS = 200  # enough to estimate the size of a record


@dataclass(frozen=True)
class Preview:
    """A plan, and what sending it would take."""

    plan: Plan
    dropped_properties: tuple[str, ...]  # no longer mapped: Heap keeps their last values
    megabytes: float  # of request bodies, from the size of the first records
    seconds: int  # at Heap's rate limit; 0 if no limit applies
    gated: str  # why `sync` would not send it; empty if it would
    context: Context  # of this sync alone
    refused: str = ""  # why `sync` would stop or refuse the plan, with what to type; empty if it would not
    hints: tuple[str, ...] = ()  # what else to know before a first sync

    def notes(self) -> list[str]:
        """Return what else to know, in sentences."""
        plan = self.plan
        notes = [f"`sync` would stop: {self.refused}"] if self.refused else []
        notes += [f"would not be sent: {self.gated}"] if self.gated else []
        if plan.renamed_from:
            notes.append(f"takes over the state of {plan.renamed_from} (renamed_from)")
        if plan.first and plan.sendable:
            notes.append("a first sync")
        if plan.sync.type is SyncType.USER_DELETIONS and plan.sendable:
            notes.append("With --allow-deletions, Heap deletes them from all environments of the project")
        if plan.deleted:
            notes.append(f"{counted(plan.deleted, 'deleted user')} skipped")
        notes += self.hints
        if plan.older_key and not self.refused:
            notes.append(f"the key changed from {plan.older_key} to {plan.sync.key} since the last sync")
        if plan.new_properties and not plan.first:
            notes.append(f"new properties: {', '.join(plan.new_properties)}")
        if self.dropped_properties:
            notes.append(f"no longer sent (Heap keeps the last values): {', '.join(self.dropped_properties)}")
        if plan.reasons:
            notes.append("rejected: " + ", ".join(f"{reason} {rows:,}" for reason, rows in plan.reasons.items()))
        if plan.newer_than:
            notes.append(f"compared only events from {plan.newer_than} on (lookback); use --full-scan to compare all")
        return notes

    def as_json(self) -> dict[str, Any]:
        """Return the plan as fields of JSON output."""
        plan = self.plan
        figures = (
            "planned",
            "new",
            "changed",
            "rejected",
            "still_rejected",
            "skipped",
            "deleted",
            "missing_keys",
            "rekeyed_rows",
            "batches",
            "first",
            "newer_than",
        )
        return {
            **self.context.fields(),
            "sync": plan.sync.name,
            "type": str(plan.sync.type),
            "model": plan.sync.model.unique_id,
            **{name: getattr(plan, name) for name in figures},
            "properties": dict(plan.properties),
            "new_properties": list(plan.new_properties),
            "dropped_properties": list(self.dropped_properties),
            "reasons": dict(plan.reasons),
            "renamed_from": plan.renamed_from,
            "gated": self.gated,
            "refused": self.refused,
            "megabytes": round(self.megabytes, 3),
            "seconds": self.seconds,
        }


def previews(invocation: Invocation, options: DiffOptions) -> tuple[list[Preview], HeapError | None]:
    """Return the plan of each selected sync, and why some cannot be planned.

    Raises HeapError if none can.
    """
    with open_state(invocation) as store:

        def checked(sync: Sync) -> Preview:
            store.models.check([sync], among=invocation.selected)
            return preview_of(invocation, store, sync, options)

        return for_each(invocation.selected, checked)


@dataclass(frozen=True)
class Sample:
    """The request body for the first rows of a sync."""

    sync: Sync
    body: bytes
    stop: str | None  # why `sync` would stop before it sends them, with what to type


def samples(invocation: Invocation, limit: int) -> tuple[list[Sample], HeapError | None]:
    """Return the request body for each selected sync's first rows, and why some have none.

    Without an Environment ID, every sync counts as a first sync. Raises HeapError if no sync has one.
    """
    with open_state(invocation) as store:

        def sample(sync: Sync) -> Sample:
            store.models.check([sync], among=invocation.selected)
            destination = invocation.known_destination(sync, store.target)
            state = SyncState(store, sync, destination.label if destination else "")
            first = _first_records(state, state.compare(DiffOptions()), limit)
            app_id = destination.app_id if destination else ""
            return Sample(sync, body(app_id, sync.type, first), state.stop_reason())

        return for_each(invocation.selected, sample)


def preview_of(invocation: Invocation, store: StateStore, sync: Sync, options: DiffOptions) -> Preview:
    """Return the plan of one sync. Raises HeapError."""
    destination = invocation.destination(sync, store.target)
    state = SyncState(store, sync, destination.label)
    comparison = state.compare(options)
    plan = comparison.preview()
    records = _first_records(state, comparison, _SAMPLE_ROWS) if plan.sendable else Records.of([])
    size = len(records.text) / max(len(records), 1)
    per_minute = destination.events_per_minute
    stop = state.stop_reason(bound=options.bound) if plan.first else None
    waits = sync.type is SyncType.EVENTS and plan.sendable > per_minute
    return Preview(
        plan=plan,
        context=Context.of(replace(invocation, selected=(sync,)), store.target),
        dropped_properties=comparison.dropped_properties(),
        megabytes=plan.sendable * size / 1_000_000,
        seconds=round(plan.sendable * WINDOW_SECONDS / per_minute) if waits else 0,
        gated=invocation.gates.reason(sync.model.unique_id),
        refused=(stop or run_refusal(plan) or "").removeprefix(f"{sync.name}: "),
        hints=state.hints(invocation.project.heap_vars.account_id_property) if plan.first and not stop else (),
    )


def run_refusal(plan: Plan) -> str | None:
    """Return why a run without flags would refuse the plan; None if it would not, or if the sync asks by itself."""
    deleting = plan.sync.type is SyncType.USER_DELETIONS
    return refusal(plan, first_sync=deleting, allow_large=())


def _first_records(state: SyncState, comparison: Comparison, limit: int) -> Records:
    namespace = state.entry().namespace
    build = payload_builder(comparison.sync, comparison.columns, namespace)
    built = [build(row) for row in comparison.sample(limit)]
    return Records.of([each for each in built if isinstance(each, Payload)])
