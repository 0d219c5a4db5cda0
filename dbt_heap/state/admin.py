"""Changes that a person makes to the state: reset, rename or rebind a sync, or adopt what another tool sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Unpack
from zoneinfo import ZoneInfo

from dbt_heap.errors import RunningError, StateError, WarehouseError
from dbt_heap.project.nodes import Relation
from dbt_heap.state import names
from dbt_heap.state.catalog import as_arguments, read_catalog
from dbt_heap.state.comparison import Comparison
from dbt_heap.state.contract import PlanChanges
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.merge import drop_view, property_names, show_synced
from dbt_heap.state.models import absence_of
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.steps import entry_by, locked
from dbt_heap.state.store import StateStore
from dbt_heap.state.sync_state import SyncState
from dbt_heap.state.takeover import hand_over
from dbt_heap.syncs.absence import absent_relations
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass, spellings
from dbt_heap.syncs.sync import Sync, SyncType


def reset(store: StateStore, destination: str, sync: str) -> None:
    """Delete a sync's state. Its next run is a first one, with the same idempotency keys.

    Raises StateError if there is no state, RunningError if a run has the lock, WarehouseError.
    """
    with _locked_with_entry(store, destination, sync, unfinished_too=True) as (store, entry, lock, holder):
        cleared = entry_by(
            holder, entry, Step.RESET, synced=None, rejects_run_id=None, newest_event_at=None, property_names=None
        )
        store.append(cleared, lock, holder)
        drop_view(store, destination, sync)
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


def rebind(store: StateStore, destination: str, sync: Sync, project: str | None = None) -> None:
    """Bind a sync's state to its current relation and project. Raises as `reset`."""
    with _locked_with_entry(store, destination, sync.name) as (store, entry, lock, holder):
        changes = {"relation": str(sync.model.relation), "model": sync.model.unique_id}
        store.append(entry_by(holder, entry, Step.REBOUND, **changes, project=project or entry.project), lock, holder)


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


@dataclass(frozen=True)
class Adopted:
    """The rows that count as sent."""

    rows: int
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()  # properties that the relation lacks: the next run sends them for every row


def adopt_events(store: StateStore, sync: Sync, destination: str, before: datetime) -> Adopted:
    """Count all events of a model before an instant as sent, even when they leave the model later.

    Raises StateError if the sync has state already or its events have no time, RunningError, WarehouseError.
    """
    comparison = _first_comparison(store, sync, destination)
    times = [column for column in comparison.columns if column.role is Role.TIMESTAMP]
    if sync.type is not SyncType.EVENTS or not times:
        raise StateError(
            f"{sync.name}: --before is for events with a `timestamp`. For users and accounts, use --from-relation"
        )
    local = times[0].value_class is not ValueClass.TIMESTAMPTZ
    instant = before.astimezone(ZoneInfo(sync.timezone if local else "UTC")).replace(tzinfo=None)
    return _adopted(comparison, "adopt_events", before=instant.isoformat(sep=" "))


def adopt_objects(store: StateStore, sync: Sync, destination: str, given: Relation) -> Adopted:
    """Count the rows of a relation as sent. It must have the model's key and some of its other columns.

    Raises StateError if the sync has state already or the relation does not fit, RunningError, WarehouseError.
    """
    if sync.type is SyncType.EVENTS:
        raise StateError(f"{sync.name}: --from-relation is for users and accounts. For events, use --before")
    comparison = _first_comparison(store, sync, destination)
    warehouse = store.warehouse
    given = replace(given, database=given.database or warehouse.database)
    catalog = read_catalog(warehouse, store.schema, [given])
    types = catalog.of_model(given)
    if not types and (absence := absence_of(warehouse, catalog, given)):
        raise StateError(f"{sync.name}: {absent_relations([given], absence, 'Correct --from-relation')}")
    (key,) = comparison.key_columns
    if len(keys := spellings(key, types)) != 1:
        raise StateError(f"{sync.name}: {given} has no column {key}, which identifies its rows")
    columns = tuple(_columns(comparison, given, types))
    relation = str(warehouse.render("relation_name", relation=as_arguments(given))).strip()
    there = replace(
        comparison, columns=columns, key_columns=tuple(keys), tables={**comparison.tables, "relation": relation}
    )
    have = {column.name for column in columns}
    left_out = tuple(column.name for column in comparison.columns if column.name not in have)
    return replace(_adopted(there, "adopt_objects"), left_out=left_out)


def _first_comparison(store: StateStore, sync: Sync, destination: str) -> Comparison:
    """Return the comparison of a sync that has no state yet."""
    store.models.check([sync])
    state = SyncState(store, sync, destination)
    state.raise_if_stopped()
    comparison = state.compare(DiffOptions())
    if comparison.newest is not None:
        raise StateError(
            f"{sync.name}: it has state at {destination} already, which is more exact than another tool's. To discard "
            f"it: dbt-heap state reset {sync.name}"
        )
    return comparison


def _columns(comparison: Comparison, given: Relation, types: Mapping[str, str]) -> Iterator[MappedColumn]:
    """Yield the sync's properties with a relation's columns and types. Raises StateError with all types that differ."""
    wrong = []
    for column in comparison.columns:
        for spelled in spellings(column.column, types)[:1]:
            value_class = comparison.store.models.value_class(types[spelled])
            if value_class is not column.value_class:
                wrong.append(f"{column.column} is {types[spelled]} there and {column.type} in the model")
            yield replace(column, column=spelled, type=types[spelled])
    if wrong:
        raise StateError(f"{comparison.sync.name}: {given} has columns of other types: {'; '.join(wrong)}. Cast them")


def _adopted(comparison: Comparison, macro: str, **changes: Unpack[PlanChanges]) -> Adopted:
    """Create the first state by one statement and log it; it counts only once it is in the log."""
    sync, destination = comparison.sync, comparison.destination
    with locked(comparison.store, destination, sync.name) as (store, lock, holder):
        if store.log.current(destination, sync.name):
            raise RunningError(f"{sync.name}: another run came between. Run the same command again.")
        table = names.generation(destination, sync.name)
        relation = store.relation(table)
        named: PlanChanges = {**changes, "next": relation, "run_id": holder.run_id}
        plan = comparison.arguments(**named)
        with store.warehouse.about(sync=sync.name, run_id=holder.run_id):
            store.warehouse.execute(macro, plan=plan)
            before = SyncState(store, sync, destination).entry()
            known = property_names(comparison.columns)
            entry = entry_by(holder, before, Step.ADOPTED, synced=table).with_heap_names(known)
            store.append(entry, lock, holder)
            if lock.held_by() != holder.run_id:
                raise RunningError(f"{sync.name}: another run took over, and nothing was adopted. Run it again.")
            rows = int(store.warehouse.query("count_rows", relation=relation).rows[0]["found"])
            try:
                show_synced(store, store.catalog, entry, before, known)
            except WarehouseError as refusal:  # only people read the view
                return Adopted(rows, notes=(f"its view could not be made: {refusal}",))
            return Adopted(rows)
