"""The view `<sync>__synced`: what Heap acknowledged, under the names people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dbt_heap.ledger import names
from dbt_heap.ledger.catalog import Catalog, read_catalog
from dbt_heap.ledger.entries import Entry
from dbt_heap.ledger.state import State
from dbt_heap.mapping import MappedColumn, Role, is_property

_MAX_BYTES = 60  # Postgres cuts at 63


def shown_names(catalog: Catalog, entry: Entry) -> dict[str, str]:
    """The names that a sync's view gives to its properties; empty where view and state are not of one making."""
    stored, shown = catalog.of_state(entry.synced), catalog.of_view(names.view(entry.sync))
    known = zip(stored, shown, strict=True) if len(stored) == len(shown) else ()
    return {name: wanted for name, wanted in known if is_property(name)}


def property_names(columns: Iterable[MappedColumn]) -> dict[str, str]:
    """Properties as the state names them -> as people know them."""
    return {each.stored: each.name for each in columns if each.role is Role.PROPERTY}


def show_synced(state: State, entry: Entry, before: Entry, wanted: Mapping[str, str]) -> None:
    """Has a sync's view show its newest state. `wanted`: stored name -> name for people.

    A view that shows it already is left alone, with what others have granted on it and built on it. Raises
    WarehouseError.
    """
    catalog = read_catalog(state.warehouse, state.schema, [])
    stored = catalog.of_state(entry.synced)
    columns = _columns(stored, wanted)
    shown = list(catalog.of_view(names.view(entry.sync)).items())
    same = shown == [(columns[name], stored[name]) for name in stored]
    elsewhere = any(sync == entry.sync and where != entry.destination for where, sync in state.entries)
    if not columns or (same and before.synced == entry.synced and not elsewhere):
        return
    view, synced = state.relation(names.view(entry.sync)), state.relation(entry.synced or "")
    state.warehouse.execute("synced_view", view=view, synced=synced, columns=columns, same=same)


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
