"""People leave the tables of the state: what Heap acknowledged of them, their rejects, what killed runs left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.state import names
from dbt_heap.state.admin import by, held
from dbt_heap.state.contract import DeletionArguments, SyncArguments
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import StateStore
from dbt_heap.state.views import show_synced, shown_names
from dbt_heap.syncs.sync import Sync, SyncType

_OF_SUBJECT = "p_subject_"  # an event's identity in an outbox: see MappedColumn.stored


@dataclass(frozen=True)
class _Place:
    """Where people may stand."""

    table: str
    subject: str  # an expression over its columns that gives their identity
    who: str  # `identity`, or `user_id` of Heap's SDK
    where: str | None = None  # which rows, of a table that several syncs share

    def arguments(self, store: StateStore, deletion: DeletionArguments) -> dict[str, Any]:
        """What the macros of `purge` take."""
        return {
            "table": store.relation(self.table), "subject": self.subject, "where": self.where,
            "deletion": {**deletion, "who": self.who},
        }  # fmt: skip


def purge(
    store: StateStore, deletion: DeletionArguments, declared: Mapping[str, Sync], *, own: tuple[str, str]
) -> None:
    """Removes the people of `deletion.requests` from all that is kept at their address; safe to repeat.

    `own` is the sync whose lock is held already. Raises RunningError where a run is at work on one that has them.
    """
    declared = store.owner.declared
    for (destination, sync), entry in sorted(store.log.entries.items()):
        if destination.partition("@")[2] != deletion["address"] or entry.type == str(SyncType.ACCOUNT_PROPERTIES):
            continue
        for place in _kept(store, entry, declared.get(sync)):
            if _found(store, deletion, place):
                _remove(store, deletion, place, destination, sync)
        if (destination, sync) != own and _concerned(store, deletion, entry, declared.get(sync)):
            with held(store, destination, sync) as (fresh, lock, holder):
                _purge_sync(fresh, deletion, declared.get(sync), lock, holder, (destination, sync))


def _concerned(store: StateStore, deletion: DeletionArguments, entry: LogEntry, sync: Sync | None) -> bool:
    """Whether a sync's tables hold any of them, or a killed run's are left, which nobody looks into."""
    left = bool(store.leftovers(entry.destination, entry.sync))
    return left or any(_found(store, deletion, place) for place in _synced(store, entry, sync))


def _purge_sync(
    store: StateStore, deletion: DeletionArguments, sync: Sync | None, lock: Lock, holder: Holder, name: tuple[str, str]
) -> None:
    """One sync's tables, while nobody else may change them."""
    entry = store.log.entries[name]
    needed = {entry.outbox, entry.acked} if entry.step.unfinished else set()
    for table in store.leftovers(*name):
        if table not in needed:
            store.drop(table)
    for place in _outbox(store, entry, sync) if entry.step.unfinished else ():
        _remove(store, deletion, place, *name)
    for place in _synced(store, entry, sync):
        if _found(store, deletion, place):
            synced = _remove(store, deletion, place, *name)
            # What a dead run left is still to be settled, from the table it stands in by now.
            after = entry.next(entry.step, synced=synced)
            if not entry.step.unfinished:
                after = by(holder, entry, Step.FORGOTTEN, synced=synced)
            store.append(after, lock, holder)
            if synced != entry.synced:
                show_synced(store, store.catalog, after, entry, shown_names(store, store.catalog, entry))
                store.drop(place.table)


def _found(store: StateStore, deletion: DeletionArguments, place: _Place) -> bool:
    rows = store.warehouse.fetch("count_purged", **place.arguments(store, deletion))
    return int(rows[0][0]) > 0


def _remove(store: StateStore, deletion: DeletionArguments, place: _Place, destination: str, sync: str) -> str:
    """The table that is without them now: the same one, or what took its place where nothing can be deleted."""
    arguments, warehouse = place.arguments(store, deletion), store.warehouse
    following = names.generation(destination, sync)
    if names.holds_state(place.table) and not warehouse.render("supports_delete"):
        warehouse.execute("create_purged_generation", next=store.relation(following), **arguments)
        return following
    warehouse.execute("purge", aside=store.relation(following), **arguments)
    return place.table


def _synced(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Place]:
    subject = _subject_of_key(store, entry, sync)
    if entry.synced and subject and store.catalog.of_state(entry.synced):
        yield _Place(entry.synced, subject, _who(sync))


def _kept(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Place]:
    """What nothing depends on: rejects, and the log of what was sent, which knows one sync alone."""
    if subject := _subject_of_key(store, entry, sync):
        of_sync: SyncArguments = {"sync": entry.sync, "destination": entry.destination}
        where = str(store.warehouse.render("of_sync", plan=of_sync)).strip()
        yield _Place(names.REJECT_LOG, subject, _who(sync), where)
        if store.catalog.of_state(names.log(entry.sync)):
            yield _Place(names.log(entry.sync), subject, _who(sync))


def _outbox(store: StateStore, entry: LogEntry, sync: Sync | None) -> Iterator[_Place]:
    """What a dead run was about to send: its own settling looks into the table once more."""
    columns = store.catalog.of_state(entry.outbox)
    if entry.outbox and columns:
        found = [name for name in columns if name.startswith(_OF_SUBJECT)] if entry.type == "events" else ["key"]
        yield from (_Place(entry.outbox, name, _who(sync)) for name in found)


def _subject_of_key(store: StateStore, entry: LogEntry, sync: Sync | None) -> str | None:
    """The identity in a sync's keys, as SQL; None where an event's key says nothing of whom it is about."""
    if entry.type != str(SyncType.EVENTS):
        return "key"
    if sync is None or sync.key != entry.key_columns or sync.subject_column not in sync.unique_key:
        return None
    place, parts = sync.unique_key.index(sync.subject_column), len(sync.unique_key)
    return str(store.warehouse.render("key_part", key="key", place=place, parts=parts)).strip()


def _who(sync: Sync | None) -> str:
    return sync.who if sync else "identity"
