"""The view `<sync>__synced`: what Heap acknowledged, under the names people know."""

from __future__ import annotations

from collections.abc import Mapping

from dbt_heap.ledger import names
from dbt_heap.ledger.catalog import Catalog
from dbt_heap.ledger.entries import Entry
from dbt_heap.ledger.state import State

_MAX_NAME = 60


def show_synced(state: State, catalog: Catalog, entry: Entry, properties: Mapping[str, str]) -> None:
    """Replaces a sync's view by one over its newest state. `properties`: stored name -> Heap's name.

    Columns of properties no longer mapped keep the name that the older view gave them. Raises WarehouseError.
    """
    stored = list(catalog.of_state(entry.synced))
    if not stored:
        return
    shown = list(catalog.of_state(names.view(entry.sync)))
    older = dict(zip(stored, shown)) if len(shown) == len(stored) else {}
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for name in stored:
        wanted = properties.get(name) or older.get(name) or name
        fits = wanted.lower() not in taken and len(wanted) <= _MAX_NAME and '"' not in wanted and "`" not in wanted
        columns[name] = wanted if fits else name
        taken.add(columns[name].lower())
    state.warehouse.execute(
        "synced_view", view=state.relation(names.view(entry.sync)), synced=state.relation(entry.synced or ""), columns=columns
    )
