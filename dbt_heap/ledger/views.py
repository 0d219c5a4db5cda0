"""The view `<sync>__synced`: what Heap acknowledged, under the names people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dbt_heap.ledger import names
from dbt_heap.ledger.catalog import Catalog, read_catalog
from dbt_heap.ledger.entries import Entry
from dbt_heap.ledger.state import State
from dbt_heap.mapping import MappedColumn, Role

_MAX_BYTES = 60  # Postgres cuts at 63


def shown_names(catalog: Catalog, entry: Entry) -> dict[str, str]:
    """The names that a sync's view gives to its state's columns; empty where view and state are not of one making."""
    stored, shown = catalog.of_state(entry.synced), catalog.of_view(names.view(entry.sync))
    return dict(zip(stored, shown, strict=True)) if len(stored) == len(shown) else {}


def property_names(columns: Iterable[MappedColumn]) -> dict[str, str]:
    """Properties as the state names them -> as people know them."""
    return {each.stored: each.name for each in columns if each.role is Role.PROPERTY}


def show_synced(state: State, entry: Entry, wanted: Mapping[str, str]) -> None:
    """Replaces a sync's view by one over its newest state. `wanted`: stored name -> name for people.

    A name that another column bears already (warehouses fold cases), or that is too long, gives way to the stored one.
    Raises WarehouseError.
    """
    stored = read_catalog(state.warehouse, state.schema, []).of_state(entry.synced)
    columns: dict[str, str] = {}
    taken = {name.lower() for name in stored if name not in wanted}
    for name in stored:
        shown = wanted.get(name, name)
        fits = shown.lower() not in taken and len(shown.encode()) <= _MAX_BYTES and not set(shown) & set('"`')
        columns[name] = shown if fits else name
        taken.add(columns[name].lower())
    if columns:
        view, synced = state.relation(names.view(entry.sync)), state.relation(entry.synced or "")
        state.warehouse.execute("synced_view", view=view, synced=synced, columns=columns)
