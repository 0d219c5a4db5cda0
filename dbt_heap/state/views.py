"""The view `<sync>__synced`: what Heap acknowledged, under the names people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import MappedColumn, Role, is_property

_MAX_BYTES = 60  # Postgres cuts at 63


def view_of(store: StateStore, catalog: Catalog, destination: str, sync: str) -> str:
    """The name of a sync's view at a destination: the plain one, unless another destination came first.

    The plain name is that of the destination which has state and no view of a name of its own.
    """
    own = names.view(sync, destination)
    others = [where for where, name in store.log.entries if name == sync and where != destination]
    first = any(store.log.current(each, sync) and not catalog.of_view(names.view(sync, each)) for each in others)
    return own if first or catalog.of_view(own) else names.view(sync)


def shown_names(store: StateStore, catalog: Catalog, entry: LogEntry) -> dict[str, str]:
    """The names that a sync's view gives to its properties; empty where view and state are not of one making."""
    view = view_of(store, catalog, entry.destination, entry.sync)
    stored, shown = catalog.of_state(entry.synced), catalog.of_view(view)
    known = zip(stored, shown, strict=True) if len(stored) == len(shown) else ()
    return {name: wanted for name, wanted in known if is_property(name)}


def property_names(columns: Iterable[MappedColumn]) -> dict[str, str]:
    """Properties as the state names them -> as people know them."""
    return {each.stored: each.name for each in columns if each.role is Role.PROPERTY}


def show_synced(
    store: StateStore, catalog: Catalog, entry: LogEntry, before: LogEntry, wanted: Mapping[str, str]
) -> None:
    """Has a sync's view show its newest state. `wanted`: stored name -> name for people.

    `catalog` is of the time before that state. A view that shows it already is left alone, with what others have
    granted on it and built on it. Raises WarehouseError.
    """
    if entry.synced != before.synced:
        catalog = read_catalog(store.warehouse, store.schema, [])
    stored = catalog.of_state(entry.synced)
    columns = _columns(stored, wanted)
    view = view_of(store, catalog, entry.destination, entry.sync)
    same = list(catalog.of_view(view).items()) == [(shown, stored[name]) for name, shown in columns.items()]
    # Of a head that a dead run has made there may be no view yet, and none tells what it stands on.
    in_place = before.synced == entry.synced and before.step is not Step.MERGED
    if columns and not (same and in_place):
        relation, synced = store.relation(view), store.relation(entry.synced or "")
        store.warehouse.execute("synced_view", view=relation, synced=synced, columns=columns, same=same)


def _columns(stored: Iterable[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """The view's columns: stored name -> shown name.

    A name that another column bears already (warehouses fold cases), or that is too long, gives way to the stored one.
    """
    columns: dict[str, str] = {}
    taken = {name.lower() for name in stored if name not in wanted}
    for name in stored:
        shown = wanted.get(name, name)
        fits = shown.lower() not in taken and len(shown.encode()) <= _MAX_BYTES and not set(shown) & set('"`')
        columns[name] = shown if fits else name
        taken.add(columns[name].lower())
    return columns
