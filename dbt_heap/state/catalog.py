"""The columns of the models and of the state's tables, read by one statement for all syncs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.errors import StateError, WarehouseError
from dbt_heap.project.nodes import Relation
from dbt_heap.state import names
from dbt_heap.state.contract import RelationArguments
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass, is_property
from dbt_heap.warehouse.connection import Warehouse

Place = tuple[str, str, str]  # database (may be empty), schema and table, in lower case


@dataclass(frozen=True)
class Catalog:
    """The columns of relations, in order, with their types."""

    columns: Mapping[Place, Mapping[str, str]]
    state: tuple[str, str]  # database and schema of the state
    refusals: Mapping[Place, WarehouseError] = field(default_factory=dict)  # why a relation could not be looked up
    unlisted: Mapping[Place, Mapping[str, str]] = field(default_factory=dict)  # models read by a call of the adapter

    def of_model(self, relation: Relation) -> Mapping[str, str]:
        """Return the columns of a model that the role may select, with their types; empty if there are none."""
        place = _place(relation)
        return self.columns.get(place) or self.unlisted.get(place, {})

    def refusal(self, relation: Relation) -> WarehouseError | None:
        """Return what the warehouse said when it was asked for a relation's columns; None if it did not refuse."""
        return self.refusals.get(_place(relation))

    def of_state(self, table: str | None) -> Mapping[str, str]:
        """Return the columns of one of the state's tables, in lower case; empty if there is no such table."""
        columns = self.columns.get(_lower_case(*self.state, table or ""), {})
        return {name.lower(): type_name for name, type_name in columns.items()}

    def of_view(self, view: str) -> Mapping[str, str]:
        """Return the columns of one of the state's views, with their types; empty if there is no such view."""
        return self.columns.get(_lower_case(*self.state, view), {})

    @property
    def state_tables(self) -> tuple[str, ...]:
        """Return the names of all tables and views in the state schema."""
        return tuple(table for *schema, table in self.columns if schema == [each.lower() for each in self.state])

    @property
    def foreign_tables(self) -> tuple[str, ...]:
        """Return the tables in the state schema that are not dbt-heap's."""
        return tuple(table for table in self.state_tables if not names.is_ours(table))


def read_catalog(
    warehouse: Warehouse, state_schema: str, relations: Iterable[Relation], before: Catalog | None = None
) -> Catalog:
    """Read the columns of the models and of the whole state schema by one statement.

    Models that it does not list are read by a call of the adapter. A model that was refused or read alone for `before`
    is not read again.

    Raises:
        WarehouseError: if the state schema could not be looked up. A model that could not is in `refusals`.
    """
    state = Relation(warehouse.database, state_schema, "")
    known = before or Catalog({}, ("", ""))
    models = [each for each in relations if _place(each) not in known.refusals]
    columns, refusals = _columns(warehouse, "catalog", (*models, state))
    if refusal := refusals.get(_place(state)):
        raise refusal
    missing = [each for each in models if _place(each) not in {*columns, *refusals, *known.unlisted}]
    unlisted, refused = _columns(warehouse, "unlisted_columns", missing, _rendered) if missing else ({}, {})
    return Catalog(
        columns,
        (warehouse.database or "", state_schema),
        {**known.refusals, **refusals, **refused},
        {**{_place(each): {} for each in missing}, **known.unlisted, **unlisted},
    )


def read_columns(warehouse: Warehouse, relation: Relation) -> Catalog:
    """Read the columns of one relation alone."""
    columns, refusals = _columns(warehouse, "catalog", [relation])
    if columns or refusals:
        return Catalog(columns, ("", ""), refusals)
    unlisted, refusals = _columns(warehouse, "unlisted_columns", [relation], _rendered)
    return Catalog({}, ("", ""), refusals, unlisted)


def class_of(warehouse: Warehouse, type_name: str) -> ValueClass:
    """Return the class of one of the warehouse's types."""
    return ValueClass(str(warehouse.render("value_class", type=type_name)).strip())


def as_arguments(relation: Relation) -> RelationArguments:
    """Return a relation as the macros in `macros/adapters/` take it; a model's columns must be readable."""
    return {
        "database": relation.database,
        "schema": relation.schema,
        "identifier": relation.identifier,
        "sql": relation.sql,
        "readable": bool(relation.identifier),
    }


def _fetched(warehouse: Warehouse, macro: str, relations: Sequence[Relation]) -> Iterable[Sequence[Any]]:
    return warehouse.fetch(macro, relations=[as_arguments(each) for each in relations])


def _rendered(warehouse: Warehouse, macro: str, relations: Sequence[Relation]) -> Iterable[Sequence[Any]]:
    rows: Iterable[Sequence[Any]] = warehouse.render(macro, relations=[as_arguments(each) for each in relations])
    return rows


def _columns(
    warehouse: Warehouse,
    macro: str,
    relations: Sequence[Relation],
    read: Callable[[Warehouse, str, Sequence[Relation]], Iterable[Sequence[Any]]] = _fetched,
) -> tuple[dict[Place, dict[str, str]], dict[Place, WarehouseError]]:
    """Return the columns by relation, and refusals; if the warehouse refuses one relation, read them one by one."""
    rows: list[Sequence[Any]] = []
    refusals: dict[Place, WarehouseError] = {}
    try:
        rows += read(warehouse, macro, relations)
    except WarehouseError as refusal:
        if not (refusal.denied or refusal.absent) or not warehouse.was_open:
            raise
        alone = relations if len(relations) > 1 else []
        refusals = {} if alone else {_place(each): refusal for each in relations}
        for each in alone:
            try:
                rows += read(warehouse, macro, [each])
            except WarehouseError as refused:
                refusals[_place(each)] = refused
    columns: dict[Place, dict[str, str]] = {}
    for database, schema, table, column, type_name in rows:
        columns.setdefault(_lower_case(database, schema, table), {})[column] = type_name
    return columns, refusals


def _place(relation: Relation) -> Place:
    return _lower_case(relation.database, relation.schema, relation.identifier)


def _lower_case(database: str | None, schema: str, table: str) -> Place:
    return ((database or "").lower(), schema.lower(), table.lower())


_COMMON = 1_000  # columns that every warehouse allows
_OWN_COLUMNS = 16  # of an outbox besides the mapped ones; the state has fewer


def raise_if_too_wide(
    warehouse: Warehouse, sync: str, columns: Collection[MappedColumn], state: Collection[str]
) -> None:
    """Check that the tables of a sync fit into the warehouse.

    Args:
        warehouse: the warehouse that holds them.
        sync: the sync's name.
        columns: what the sync maps.
        state: the columns of its state.

    Raises:
        StateError: the warehouse allows fewer columns in one table.
        WarehouseError: the warehouse refused to connect.
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
        f"warehouse allows at most {int(most):,}. Nothing was sent. Send fewer properties, or split them over two "
        "blocks of the model, each with a `name` of its own"
    )
