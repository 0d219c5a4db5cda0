"""Renamed syncs: which earlier name's state a sync continues, and how it takes that over with its idempotency keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dbt_heap.errors import StateError, counted
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.merge import drop_view
from dbt_heap.state.ownership import in_schema_of
from dbt_heap.state.steps import SyncSteps, entry_by
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.sync import Sync, SyncType

_MAX_NAMES = 5  # that a message lists


@dataclass(frozen=True)
class Candidate:
    """The state of an undeclared sync, which a new sync may continue."""

    entry: LogEntry
    rows: int | None  # that Heap acknowledged; None if unknown, after an interrupted run


def candidate(store: StateStore, entry: LogEntry) -> Candidate | None:
    """Return the state of an entry; None if Heap acknowledged no rows. Raises WarehouseError."""
    if entry.step.unfinished and entry.sent_up_to:
        return Candidate(entry, None)
    if not entry.synced:
        return None
    if not store.catalog.of_state(entry.synced):  # the table is missing
        return Candidate(entry, None)
    rows = int(store.warehouse.query("acknowledged_rows", synced=store.relation(entry.synced)).rows[0]["found"])
    return Candidate(entry, rows) if rows else None


def candidates(store: StateStore, entries: Iterable[LogEntry]) -> list[Candidate]:
    """Return the state of each entry for which Heap acknowledged rows. Raises WarehouseError."""
    return [found for entry in entries if (found := candidate(store, entry))]


def may_be_renamed(sync: Sync, found: Iterable[Candidate]) -> str:
    """Return the error for a sync without state that may be one of some undeclared syncs, renamed."""
    several = list(found)
    shown = several[:_MAX_NAMES]
    described = [f"{each.entry.sync} ({_rows(each)})" for each in shown]
    more = f" and {len(several) - _MAX_NAMES} more" if len(several) > _MAX_NAMES else ""
    commands = [f"dbt-heap state rename {each.entry.sync} {sync.name}" for each in shown]
    one = len(several) == 1
    consequence = (
        "every event a second time, under other keys" if sync.type is SyncType.EVENTS else "every row once more"
    )
    return (
        f"{sync.name}: it has no state, and no model declares {', '.join(described)}{more} any more, which "
        f"{'has' if one else 'have'} the same type and key ({sync.key}). If {sync.name} is "
        f"{several[0].entry.sync if one else 'one of them'} under a new name, it would send {consequence}: add "
        f"`renamed_from: {shown[0].entry.sync if one else '<earlier name>'}` to its block, or run: "
        f"{' or '.join(commands)}. If {sync.name} is a new sync: add `renamed_from: []` to its block"
    )


def same_rows(sync: Sync, found: Iterable[Candidate]) -> str:
    """Return the note for a sync whose relation another project has synced."""
    first = next(iter(found)).entry
    return (
        f"the dbt project {first.project or first.first_project} has synced the same relation as {first.sync}. If "
        f"{sync.name} continues that sync: dbt-heap state rename {first.sync} {sync.name}"
    )


def _rows(found: Candidate) -> str:
    if found.rows is None:
        return "its last run did not end"
    return f"{counted(found.rows, 'row')} acknowledged"


def predecessor(store: StateStore, sync: Sync, destination: str, *, bound: bool = True) -> LogEntry | None:
    """Return the newest entry of the earlier name whose state the sync takes over; None if there is none.

    An interrupted takeover has one until it is finished. Raises StateError if several names have state or taking it is
    not safe, WarehouseError.
    """
    if not sync.renamed_from:
        return None
    owner, log = store.owner, store.log
    named = (log.current(destination, name) for name in sync.renamed_from)
    older = [each for each in named if each and not owner.declares(each.sync)]
    own = log.current(destination, sync.name)
    if own and own.synced:
        if begun := [each for each in older if each.synced == own.synced]:
            return begun[0]
        older = [each for each in older if owner.owns(log, each) and candidate(store, each)]
        if older:
            raise StateError(_both_have(sync, older[0]))
        return None
    if declared := [name for name in sync.renamed_from if owner.declares(name) and log.current(destination, name)]:
        raise StateError(_still_declared(sync, declared[0]))
    older = [each for each in older if each.synced or (each.step.unfinished and each.sent_up_to)]
    if len(older) > 1:
        older = [each for each in older if candidate(store, each)] or older[:1]
    if len(older) > 1:
        raise StateError(_several(sync, older))
    if older:
        _raise_if_unsuitable(store, sync, older[0], bound=bound)
    return older[0] if older else None


def inherited(sync: Sync, older: LogEntry) -> LogEntry:
    """Return the entry of an earlier name as the sync has it after the takeover."""
    return replace(older, relation=str(sync.model.relation), rejects_run_id=None)


def take_over(store: StateStore, sync: Sync, lock: Lock, holder: Holder, older: LogEntry) -> StateStore:
    """Take over the state of an earlier name, and return the store as it is then.

    If the run is killed between its two entries, the next run finishes it.

    Args:
        store: what was read under the lock.
        sync: the sync under its new name.
        lock: the lock of the new name, which `holder` has.
        older: the newest entry of the earlier name.

    Raises:
        RunningError: a run of the earlier name is running.
        WarehouseError: the warehouse refused a statement.
    """
    older_lock = store.lock(older.destination, older.sync)
    aside = older_lock.take(holder)
    try:
        store = store.reread()
        newest = store.log.current(older.destination, older.sync)
        if newest and newest.step.unfinished:
            dead = SyncSteps(store, older_lock, holder, newest, keeps_log=sync.log)
            dead.recover(store.models.mapped_columns(sync))
            store = store.reread()
            for table in store.leftovers(older.destination, older.sync):
                if table != aside:
                    store.drop(table)
            newest = store.log.current(older.destination, older.sync)
        if newest and newest.synced:
            hand_over(
                store, newest, sync.name, (older_lock, lock), holder,
                relation=str(sync.model.relation), model=sync.model.unique_id,
                project=store.owner.project or newest.project,
            )  # fmt: skip
    finally:
        older_lock.drop(holder)
    if aside:  # no other run can move this one's lock any more
        store.drop(aside)
    return store.reread()


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
    drop_view(store, entry.destination, entry.sync)


def _raise_if_unsuitable(store: StateStore, sync: Sync, older: LogEntry, *, bound: bool) -> None:
    """Raise StateError if the state of the earlier name is another project's, type's or schema's."""
    by_hand = f"dbt-heap state rename {older.sync} {sync.name}"
    if not store.owner.owns(store.log, older):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, whose state belongs to the dbt project "
            f"{older.project or older.first_project}. If the sync moved to this project for good: {by_hand}"
        )
    if older.type != str(sync.type):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, whose state is of {older.type}, and the block says "
            f"{sync.type}. If it is a new sync: `renamed_from: []`"
        )
    if bound and not in_schema_of(sync, older):
        raise StateError(
            f"{sync.name}: `renamed_from` names {older.sync}, which is bound to {older.relation}, and the manifest "
            f"says {sync.model.relation}, in another schema. If the model moved for good: {by_hand}, then "
            f"dbt-heap state rebind {sync.name}. A development build must not go to the same Heap environment: give "
            "its target its own Environment ID."
        )


def _still_declared(sync: Sync, name: str) -> str:
    return (
        f"{sync.name}: `renamed_from` names {name}, which is still declared and has state of its own. Remove the block "
        f"of {name} if {sync.name} replaces it. If {sync.name} is a new sync: `renamed_from: []`"
    )


def _both_have(sync: Sync, older: LogEntry) -> str:
    return (
        f"{sync.name}: it has state, and so does {older.sync}, which `renamed_from` names. To keep the state of "
        f"{sync.name}, remove {older.sync} from `renamed_from`. To keep the state of {older.sync}: "
        f"dbt-heap state reset {sync.name}"
    )


def _several(sync: Sync, older: list[LogEntry]) -> str:
    found = " and ".join(each.sync for each in older)
    commands = " or ".join(f"dbt-heap state rename {each.sync} {sync.name}" for each in older)
    return (
        f"{sync.name}: `renamed_from` names {found}. Each has state, and a sync can take over only one. Keep one of "
        f"them there, or run: {commands}"
    )
