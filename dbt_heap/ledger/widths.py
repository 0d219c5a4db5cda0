"""How many columns the tables of one sync have, against what a warehouse takes."""

from __future__ import annotations

from collections.abc import Collection

from dbt_heap.errors import StateError
from dbt_heap.mapping import MappedColumn, Role, is_property
from dbt_heap.warehouse import Warehouse

_COMMON = 1_000  # columns that every warehouse takes
_OWN_COLUMNS = 16  # of an outbox, beside what is mapped; a state has fewer


def must_fit(warehouse: Warehouse, sync: str, columns: Collection[MappedColumn], state: Collection[str]) -> None:
    """Check that the tables of a sync fit into the warehouse.

    Args:
        warehouse: the warehouse that holds them.
        sync: the sync's name.
        columns: what the sync maps.
        state: the columns that its state has already.

    Raises:
        StateError: the warehouse takes fewer columns in one table.
        WarehouseError: the warehouse refused the macro that knows.
    """
    if len(columns) + len(state) + _OWN_COLUMNS <= _COMMON:
        return
    most = warehouse.render("max_columns")
    mapped = {column.stored for column in columns}
    dropped = sum(is_property(name) and name not in mapped for name in state)
    needed = len(columns) + dropped + _OWN_COLUMNS
    if most is None or needed <= int(most):
        return
    properties = sum(column.role is Role.PROPERTY for column in columns)
    also = f", and its state keeps {dropped:,} that it no longer sends" if dropped else ""
    raise StateError(
        f"{sync}: it sends {properties:,} properties{also}. They need a table of {needed:,} columns, and this "
        f"warehouse takes at most {int(most):,}. Nothing was sent. Send fewer properties, or split them over two "
        "blocks of the model, each with a `name` of its own"
    )
