"""What a person may do to the state: start over, follow a renamed sync, accept a moved relation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dbt_heap.errors import StateError
from dbt_heap.state import names
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import State
from dbt_heap.state.views import view_of
from dbt_heap.syncs.sync import Sync


def reset(state: State, destination: str, sync: str) -> None:
    """Forgets what Heap acknowledged of a sync: its next run is a first one, with the same idempotency keys.

    Raises StateError where there is no state, RunningError where a run is at work, WarehouseError.
    """
    with _held(state, destination, sync, unfinished_too=True) as (state, entry, lock, holder):
        cleared = by(holder, entry, Step.RESET, synced=None, rejects_run_id=None, newest_event_at=None)
        state.append(cleared, lock, holder)
        _drop_view(state, destination, sync)
        shared = any(other.synced == entry.synced for name, other in state.entries.items() if name[1] != sync)
        if entry.synced and not shared:  # by a rename that was cut short
            state.drop(entry.synced)


def rename(state: State, destination: str, older: str, newer: str, project: str | None = None) -> None:
    """Gives a sync's state to its new name, with the namespace of its idempotency keys; one cut short is finished.

    It belongs to `project` from then on, if that is known. Raises as `reset`, and StateError where the new name has a
    state of its own.
    """
    with _held(state, destination, older) as (state, entry, lock, holder):
        heir = state.newest(destination, newer)
        if heir and heir.synced != entry.synced and (heir.synced or heir.step.unfinished):
            raise StateError(f"{newer} has a state of its own; to give it up: dbt-heap state reset {newer}")
        heir_lock = state.lock(destination, newer)
        heir_lock.take(holder)
        try:
            hand_over(state, entry, newer, (lock, heir_lock), holder, project=project or entry.project)
        finally:
            heir_lock.drop(holder)


def hand_over(
    state: State, entry: LogEntry, newer: str, locks: tuple[Lock, Lock], holder: Holder, **changes: str | None
) -> None:
    """Write the two entries that give a sync's state to its new name; one cut short is finished.

    Args:
        entry: the newest one of the older name.
        newer: the new name, which has no acknowledged rows of its own.
        locks: of the older and of the newer name, both held.
        changes: what else is different under the new name.
    """
    heir = state.newest(entry.destination, newer)
    if heir is None or heir.synced != entry.synced:
        number = state.last_number(entry.destination, newer) + 1
        begun = by(holder, entry, Step.RENAMED, sync=newer, rejects_run_id=None, **changes)
        state.append(replace(begun, entry=number), locks[1], holder)
    state.append(by(holder, entry, Step.RENAMED, synced=None, rejects_run_id=None), locks[0], holder)
    _drop_view(state, entry.destination, entry.sync)


def rebind(state: State, destination: str, sync: Sync, project: str | None = None) -> None:
    """Bind a sync to the relation and the project that it has now. Raises as `reset`."""
    with _held(state, destination, sync.name) as (state, entry, lock, holder):
        changes = {"relation": str(sync.model.relation), "model": sync.model.unique_id}
        state.append(by(holder, entry, Step.REBOUND, **changes, project=project or entry.project), lock, holder)


def _drop_view(state: State, destination: str, sync: str) -> None:
    view = view_of(state, state.catalog, destination, sync)
    state.warehouse.execute("drop_state_view", view=state.relation(view))


@contextmanager
def held(state: State, destination: str, sync: str) -> Iterator[tuple[State, Lock, Holder]]:
    """The state as it is while nobody else may change a sync's. Raises RunningError where a run is at work."""
    state = state.prepare()
    holder = Holder.of_this_process(names.new_run_id())
    lock = state.lock(destination, sync)
    lock.take(holder)
    try:
        yield state.reread(), lock, holder
    finally:
        lock.drop(holder)


@contextmanager
def _held(
    state: State, destination: str, sync: str, *, unfinished_too: bool = False
) -> Iterator[tuple[State, LogEntry, Lock, Holder]]:
    """The same with the sync's newest entry. Raises StateError where there is no state."""
    _entry(state, destination, sync, unfinished_too)
    with held(state, destination, sync) as (state, lock, holder):
        yield state, _entry(state, destination, sync, unfinished_too), lock, holder


def _entry(state: State, destination: str, sync: str, unfinished_too: bool) -> LogEntry:
    entry = state.newest(destination, sync)
    if entry is None:
        known = sorted(name for where, name in state.entries if where == destination and state.newest(where, name))
        raise StateError(f"there is no state of {sync} at {destination}; there is of: {', '.join(known) or 'no sync'}")
    if entry.step.unfinished and not unfinished_too:
        raise StateError(
            f"the last run of {sync} did not end; let `dbt-heap sync` settle it first. If no model declares {sync} any "
            "more, name it in the `renamed_from` of the sync that takes its place"
        )
    return entry


def by(holder: Holder, entry: LogEntry, step: Step, **changes: str | None) -> LogEntry:
    """The entry of what a person does, after the newest one."""
    return entry.opened_by(holder.run_id, holder.host, holder.pid).next(step, status=str(step), **changes)
