"""Changes that a person makes to the state: reset a sync, rename it, bind it to another relation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dbt_heap.errors import StateError
from dbt_heap.state import names
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import StateStore
from dbt_heap.state.views import view_of
from dbt_heap.syncs.sync import Sync


def reset(store: StateStore, destination: str, sync: str) -> None:
    """Delete a sync's state. Its next run is a first one, with the same idempotency keys.

    Raises StateError if there is no state, RunningError if a run has the lock, WarehouseError.
    """
    with _locked_with_entry(store, destination, sync, unfinished_too=True) as (store, entry, lock, holder):
        cleared = entry_by(holder, entry, Step.RESET, synced=None, rejects_run_id=None, newest_event_at=None)
        store.append(cleared, lock, holder)
        _drop_view(store, destination, sync)
        shared = any(other.synced == entry.synced for name, other in store.log.entries.items() if name[1] != sync)
        if entry.synced and not shared:  # an interrupted rename leaves two syncs with one table
            store.drop(entry.synced)


def rename(store: StateStore, destination: str, older: str, newer: str, project: str | None = None) -> None:
    """Move a sync's state to its new name, with its idempotency keys; finish an interrupted rename.

    The state belongs to `project` afterwards, if that is known. Raises as `reset`, and StateError if the new name has
    state of its own.
    """
    with _locked_with_entry(store, destination, older) as (store, entry, lock, holder):
        current = store.log.current(destination, newer)
        if current and current.synced != entry.synced and (current.synced or current.step.unfinished):
            raise StateError(f"{newer} has state of its own. To discard it: dbt-heap state reset {newer}")
        newer_lock = store.lock(destination, newer)
        newer_lock.take(holder)
        try:
            hand_over(store, entry, newer, (lock, newer_lock), holder, project=project or entry.project)
        finally:
            newer_lock.drop(holder)


def hand_over(
    store: StateStore, entry: LogEntry, newer: str, locks: tuple[Lock, Lock], holder: Holder, **changes: str | None
) -> None:
    """Write the two entries that move a sync's state to its new name; finish an interrupted move.

    Args:
        store: as it was read under both locks.
        entry: the newest entry of the older name.
        newer: the new name, which has no acknowledged rows of its own.
        locks: the locks of the older and of the newer name.
        holder: the run that has both locks.
        changes: other fields that change with the name.
    """
    current = store.log.current(entry.destination, newer)
    if current is None or current.synced != entry.synced:
        number = store.log.last_number(entry.destination, newer) + 1
        begun = entry_by(holder, entry, Step.RENAMED, sync=newer, rejects_run_id=None, **changes)
        store.append(replace(begun, entry=number), locks[1], holder)
    store.append(entry_by(holder, entry, Step.RENAMED, synced=None, rejects_run_id=None), locks[0], holder)
    _drop_view(store, entry.destination, entry.sync)


def rebind(store: StateStore, destination: str, sync: Sync, project: str | None = None) -> None:
    """Bind a sync's state to its current relation and project. Raises as `reset`."""
    with _locked_with_entry(store, destination, sync.name) as (store, entry, lock, holder):
        changes = {"relation": str(sync.model.relation), "model": sync.model.unique_id}
        store.append(entry_by(holder, entry, Step.REBOUND, **changes, project=project or entry.project), lock, holder)


def _drop_view(store: StateStore, destination: str, sync: str) -> None:
    view = view_of(store, store.catalog, destination, sync)
    store.warehouse.execute("drop_state_view", view=store.relation(view))


@contextmanager
def locked(store: StateStore, destination: str, sync: str) -> Iterator[tuple[StateStore, Lock, Holder]]:
    """Yield the store as it is under a sync's lock, the lock, and its holder. Raises RunningError if a run has it."""
    store = store.prepare()
    holder = Holder.of_this_process(names.new_run_id())
    lock = store.lock(destination, sync)
    lock.take(holder)
    try:
        yield store.reread(), lock, holder
    finally:
        lock.drop(holder)


@contextmanager
def _locked_with_entry(
    store: StateStore, destination: str, sync: str, *, unfinished_too: bool = False
) -> Iterator[tuple[StateStore, LogEntry, Lock, Holder]]:
    """Yield what `locked` yields, with the sync's newest entry. Raises StateError if there is no state."""
    _entry(store, destination, sync, unfinished_too)
    with locked(store, destination, sync) as (store, lock, holder):
        yield store, _entry(store, destination, sync, unfinished_too), lock, holder


def _entry(store: StateStore, destination: str, sync: str, unfinished_too: bool) -> LogEntry:
    entry = store.log.current(destination, sync)
    if entry is None:
        known = sorted(
            name for where, name in store.log.entries if where == destination and store.log.current(where, name)
        )
        raise StateError(f"{sync} has no state at {destination}. Syncs that have: {', '.join(known) or 'no sync'}")
    if entry.step.unfinished and not unfinished_too:
        raise StateError(
            f"the last run of {sync} was interrupted: run `dbt-heap sync` first. If no model declares {sync} any more, "
            "name it in `renamed_from` of the sync that replaces it"
        )
    return entry


def entry_by(holder: Holder, entry: LogEntry, step: Step, **changes: str | None) -> LogEntry:
    """Return the entry for what a person does, to append after the newest one."""
    return entry.opened_by(holder.run_id, holder.host, holder.pid).next(step, status=str(step), **changes)
