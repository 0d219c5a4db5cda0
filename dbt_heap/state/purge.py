"""Purge deleted users from the state: acknowledged rows, rejects, logs, and what killed runs left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.state import names
from dbt_heap.state.contract import DeletionArguments, SyncArguments
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.merge import show_synced, shown_names
from dbt_heap.state.steps import entry_by, locked
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.sync import Sync, SyncType

_OF_SUBJECT = "p_subject_"  # an event's identity in an outbox: see MappedColumn.stored


@dataclass(frozen=True)
class _Table:
    """A table that may contain deleted users."""

    name: str
    subject: str  # the SQL expression of their identity
    who: str  # `identity`, or `user_id` of Heap's SDK
    where: str | None = None  # the condition for this sync's rows, in a table that several syncs share

    def arguments(self, store: StateStore, deletion: DeletionArguments) -> dict[str, Any]:
        """Return the arguments of the macros that purge."""
        return {
            "table": store.relation(self.name), "subject": self.subject, "where": self.where,
            "deletion": {**deletion, "who": self.who},
        }  # fmt: skip


def purge(
    store: StateStore, deletion: DeletionArguments, declared: Mapping[str, Sync], *, own: tuple[str, str]
) -> None:
    """Delete the users of `deletion.requests` from all tables of syncs at their address. It can be repeated.

    Args:
        store: as it was read last.
        deletion: the deletion log with the requests.
        own: destination and name of the sync whose lock this run has.

    Raises:
        RunningError: a sync that has such users is running.
        WarehouseError: the warehouse refused a statement.
    """
    declared = store.owner.declared
    for (destination, sync), entry in sorted(store.log.entries.items()):
        if destination.partition("@")[2] != deletion["address"] or entry.type == str(SyncType.ACCOUNT_PROPERTIES):
            continue
        for table in _kept(store, entry, declared.get(sync)):
            if _found(store, deletion, table):
                _remove(store, deletion, table, destination, sync)
        if (destination, sync) != own and _has_users(store, deletion, entry, declared.get(sync)):
            with locked(store, destination, sync) as (fresh, lock, holder):
                _purge_sync(fresh, deletion, declared.get(sync), lock, holder, (destination, sync))


def _has_users(store: StateStore, deletion: DeletionArguments, entry: LogEntry, sync: Sync | None) -> bool:
    """Return whether a sync's state contains such users, or a killed run left tables, which may."""
    left = bool(store.leftovers(entry.destination, entry.sync))
    return left or any(_found(store, deletion, table) for table in _synced(store, entry, sync))


def _purge_sync(
    store: StateStore, deletion: DeletionArguments, sync: Sync | None, lock: Lock, holder: Holder, name: tuple[str, str]
) -> None:
    """Purge one sync's tables, under its lock."""
    entry = store.log.entries[name]
    needed = {entry.outbox, entry.acked} if entry.step.unfinished else set()
    for leftover in store.leftovers(*name):
        if leftover not in needed:
            store.drop(leftover)
    for table in _outbox(store, entry, sync) if entry.step.unfinished else ():
        _remove(store, deletion, table, *name)
    for table in _synced(store, entry, sync):
        if _found(store, deletion, table):
            synced = _remove(store, deletion, table, *name)
            # A dead run is still to be recovered, from the table that is its state now.
            after = entry.next(entry.step, synced=synced)
            if not entry.step.unfinished:
                after = entry_by(holder, entry, Step.FORGOTTEN, synced=synced)
            store.append(after, lock, holder)
            if synced != entry.synced:
                show_synced(store, store.catalog, after, entry, shown_names(store, store.catalog, entry))
                store.drop(table.name)


def _found(store: StateStore, deletion: DeletionArguments, table: _Table) -> bool:
    rows = store.warehouse.fetch("count_purged", **table.arguments(store, deletion))
    return int(rows[0][0]) > 0


def _remove(store: StateStore, deletion: DeletionArguments, table: _Table, destination: str, sync: str) -> str:
    """Delete the users; return the table without them, a new one if the warehouse cannot delete rows."""
    arguments, warehouse = table.arguments(store, deletion), store.warehouse
    following = names.generation(destination, sync)
    if names.holds_state(table.name) and not warehouse.render("supports_delete"):
        warehouse.execute("create_purged_generation", next=store.relation(following), **arguments)
        return following
    warehouse.execute("purge", aside=store.relation(following), **arguments)
    return table.name


def _synced(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Table]:
    subject = _subject_of_key(store, entry, sync)
    if entry.synced and subject and store.catalog.of_state(entry.synced):
        yield _Table(entry.synced, subject, _who(sync))


def _kept(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Table]:
    """Yield the tables that no step depends on: the rejects, and the log of what the sync sent."""
    if subject := _subject_of_key(store, entry, sync):
        of_sync: SyncArguments = {"sync": entry.sync, "destination": entry.destination}
        where = str(store.warehouse.render("of_sync", plan=of_sync)).strip()
        yield _Table(names.REJECT_LOG, subject, _who(sync), where)
        if store.catalog.of_state(names.log(entry.sync)):
            yield _Table(names.log(entry.sync), subject, _who(sync))


def _outbox(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Table]:
    """Yield the outbox of a dead run, which its recovery reads once more."""
    columns = store.catalog.of_state(entry.outbox)
    if entry.outbox and columns:
        found = [name for name in columns if name.startswith(_OF_SUBJECT)] if entry.type == "events" else ["key"]
        yield from (_Table(entry.outbox, name, _who(sync)) for name in found)


def _subject_of_key(store: StateStore, entry: LogEntry, sync: Sync | None) -> str | None:
    """Return the SQL expression of the identity in a sync's keys; None if an event's key does not contain it."""
    if entry.type != str(SyncType.EVENTS):
        return "key"
    if sync is None or sync.key != entry.key_columns or sync.subject_column not in sync.unique_key:
        return None
    place, parts = sync.unique_key.index(sync.subject_column), len(sync.unique_key)
    return str(store.warehouse.render("key_part", key="key", place=place, parts=parts)).strip()


def _who(sync: Sync | None) -> str:
    return sync.user_field if sync else "identity"
