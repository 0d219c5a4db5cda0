"""The view `<sync>__synced`: what Heap acknowledged, with Heap's property names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.log import LogEntry, Step
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import MappedColumn, Role, is_property

_MAX_BYTES = 60  # Postgres cuts at 63


def view_of(store: StateStore, catalog: Catalog, destination: str, sync: str) -> str:
    """Return the name of a sync's view at a destination: `<sync>__synced`, unless another destination came first."""
    own = names.view(sync, destination)
    others = [where for where, name in store.log.entries if name == sync and where != destination]
    first = any(store.log.current(each, sync) and not catalog.of_view(names.view(sync, each)) for each in others)
    return own if first or catalog.of_view(own) else names.view(sync)


def shown_names(store: StateStore, catalog: Catalog, entry: LogEntry) -> dict[str, str]:
    """Return Heap's names of properties by stored name, from the view; empty if the view shows another table."""
    view = view_of(store, catalog, entry.destination, entry.sync)
    stored, shown = catalog.of_state(entry.synced), catalog.of_view(view)
    known = zip(stored, shown, strict=True) if len(stored) == len(shown) else ()
    return {name: wanted for name, wanted in known if is_property(name)}


def property_names(columns: Iterable[MappedColumn]) -> dict[str, str]:
    """Return Heap's names of mapped properties by stored name."""
    return {each.stored: each.name for each in columns if each.role is Role.PROPERTY}


def show_synced(
    store: StateStore, catalog: Catalog, entry: LogEntry, before: LogEntry, wanted: Mapping[str, str]
) -> None:
    """Make a sync's view show its current state, unless it does already: grants on it and views over it stay.

    Args:
        store: the state schema.
        catalog: read before `entry` was logged.
        entry: the sync's newest entry.
        before: the entry that the view showed.
        wanted: Heap's property names by stored name.

    Raises:
        WarehouseError: the warehouse refused, for example because another view depends on this one.
    """
    if entry.synced != before.synced:
        catalog = read_catalog(store.warehouse, store.schema, [])
    stored = catalog.of_state(entry.synced)
    columns = _columns(stored, wanted)
    view = view_of(store, catalog, entry.destination, entry.sync)
    same = list(catalog.of_view(view).items()) == [(shown, stored[name]) for name, shown in columns.items()]
    # A dead run may have created the table without its view, and the catalog does not say what a view reads.
    in_place = before.synced == entry.synced and before.step is not Step.MERGED
    if columns and not (same and in_place):
        relation, synced = store.relation(view), store.relation(entry.synced or "")
        store.warehouse.execute("synced_view", view=relation, synced=synced, columns=columns, same=same)


def _columns(stored: Iterable[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the view's column names by stored name.

    A name that another column has already (warehouses ignore case), or that is too long, is replaced by the stored one.
    """
    columns: dict[str, str] = {}
    taken = {name.lower() for name in stored if name not in wanted}
    for name in stored:
        shown = wanted.get(name, name)
        fits = shown.lower() not in taken and len(shown.encode()) <= _MAX_BYTES and not set(shown) & set('"`')
        columns[name] = shown if fits else name
        taken.add(columns[name].lower())
    return columns
