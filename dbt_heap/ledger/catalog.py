"""What stands in the warehouse: the columns of the models and of the state's tables, from one look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbt_heap.ledger import names
from dbt_heap.manifest import Relation
from dbt_heap.mapping import ValueClass
from dbt_heap.warehouse import Warehouse

Place = tuple[str, str, str]  # database ("" where there is none), schema, table, in lower case


@dataclass(frozen=True)
class Catalog:
    """Columns with their types by relation, in order."""

    columns: Mapping[Place, Mapping[str, str]]
    state: tuple[str, str]  # database and schema of the state

    def of_model(self, relation: Relation) -> Mapping[str, str]:
        """A model's columns and their types; empty where it was never built."""
        return self.columns.get(_place(relation.database, relation.schema, relation.identifier), {})

    def of_state(self, table: str | None) -> Mapping[str, str]:
        """The columns of one of the state's tables, in lower case; empty where there is none."""
        columns = self.columns.get(_place(*self.state, table or ""), {})
        return {name.lower(): type_name for name, type_name in columns.items()}

    def of_view(self, view: str) -> Mapping[str, str]:
        """The columns of one of the state's views, as people know them, and their types; empty where there is none."""
        return self.columns.get(_place(*self.state, view), {})

    @property
    def state_tables(self) -> tuple[str, ...]:
        """The names in the state schema."""
        return tuple(table for *schema, table in self.columns if schema == [each.lower() for each in self.state])

    @property
    def strangers(self) -> tuple[str, ...]:
        """Tables in the state schema that are not the state's."""
        return tuple(table for table in self.state_tables if not names.is_ours(table))


def read_catalog(warehouse: Warehouse, state_schema: str, relations: Iterable[Relation]) -> Catalog:
    """One statement's look at the models and the whole state schema. Raises WarehouseError."""
    state = Relation(warehouse.database, state_schema, "")
    return Catalog(_read(warehouse, (*relations, state)), state=(warehouse.database or "", state_schema))


def read_columns(warehouse: Warehouse, relation: Relation) -> Mapping[str, ValueClass]:
    """One relation's columns and their classes, in order; empty where it was never built. Raises WarehouseError."""
    types = Catalog(_read(warehouse, [relation]), ("", "")).of_model(relation)
    return {column: class_of(warehouse, type_name) for column, type_name in types.items()}


def class_of(warehouse: Warehouse, type_name: str) -> ValueClass:
    """The class of one of the warehouse's types."""
    return ValueClass(str(warehouse.render("value_class", type=type_name)).strip())


def _read(warehouse: Warehouse, relations: Iterable[Relation]) -> Mapping[Place, Mapping[str, str]]:
    wanted = [_as_arguments(each) for each in relations]
    columns: dict[Place, dict[str, str]] = {}
    for database, schema, table, column, type_name in warehouse.fetch("catalog", relations=wanted):
        columns.setdefault(_place(database, schema, table), {})[column] = type_name
    return columns


def _place(database: str | None, schema: str, table: str) -> Place:
    return ((database or "").lower(), schema.lower(), table.lower())


def _as_arguments(relation: Relation) -> dict[str, str | None]:
    return {"database": relation.database, "schema": relation.schema, "identifier": relation.identifier}
