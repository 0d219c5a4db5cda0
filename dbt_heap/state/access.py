"""Why the warehouse does not show a relation's columns: asked only if something is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from dbt_heap.errors import WarehouseError
from dbt_heap.project.nodes import Model, Relation
from dbt_heap.state.catalog import Catalog, as_arguments, class_of
from dbt_heap.state.contract import RelationArguments
from dbt_heap.state.store import State
from dbt_heap.syncs.absence import Absence, Why, absent
from dbt_heap.syncs.column_check import Readable, named_columns
from dbt_heap.syncs.columns import ValueClass, spellings
from dbt_heap.syncs.sync import Sync
from dbt_heap.warehouse.connection import Warehouse

_KINDS = ("view", "materialized view", "dynamic table")
_NEEDS = {Why.NO_USAGE: "usage", Why.NO_SELECT: "select"}


def absence_of(
    warehouse: Warehouse, catalog: Catalog, relation: Relation, columns: Iterable[str] = ()
) -> Absence | None:
    """Return why a relation, or some of its columns, cannot be read; None if the warehouse shows all that it has.

    Args:
        catalog: What was read of the relation; its refusal is evidence.
        columns: Those that are wanted.

    Raises:
        WarehouseError: if the warehouse refuses for a reason that is neither an absence nor a permission.
    """
    refusal = catalog.refusal(relation)
    facts: list[tuple[str, str]] = []
    try:
        rows = warehouse.fetch("access", relation=as_arguments(relation))
        facts = [(str(fact), str(name or "")) for fact, name in rows]
    except WarehouseError as refused:
        if not (refused.denied or refused.absent):
            raise
        refusal = refusal or refused
    role = next((name for fact, name in facts if fact == "role"), "")
    if refusal and refusal.denied:
        denied = Why.HIDDEN if refusal.absent else Why.NO_SELECT
        return Absence(denied, role, needs=("usage", "select"), detail=_said(refusal))
    if catalog.of_model(relation):
        barred = [name for fact, name in facts if fact == "no_column"]
        wanted = tuple(sorted({spelled for each in columns for spelled in spellings(each, barred)}))
        return Absence(Why.NO_COLUMN, role, wanted, ("columns",)) if wanted else None
    found = dict(facts)
    why = next((each for each in Why if each in found), None)
    needs = ("usage", "select") if why is Why.HIDDEN else tuple(_NEEDS[each] for each in _NEEDS if each in found)
    return Absence(why, role, needs=needs, detail=found[why]) if why else None


@contextmanager
def reading(state: State, sync: Sync) -> Iterator[None]:
    """Say which model the role may not read if the block is refused for that, as under a view of the caller's rights.

    Raises:
        WarehouseError: with the model, or as it was if the model can be read and something else was refused.
    """
    try:
        yield
    except WarehouseError as refused:
        if not refused.denied or not sync.model.relation:
            raise
        try:
            state.warehouse.fetch("no_rows", relation=sync.model.relation.sql)
        except WarehouseError:
            facts: dict[str, Any] = {}
            facts.update(state.warehouse.fetch("access", relation=as_arguments(sync.model.relation)))
            # If the catalog says that the role may select, the grant is missing on what a view reads.
            needs = ("usage", "select") if facts.keys() & {"no_select", "hidden", "no_relation"} else ()
            absence = Absence(Why.NO_SELECT, str(facts.get("role") or ""), needs=needs, detail=_said(refused))
            wanted = grants(state.warehouse, [sync.model], absence) if needs else ()
            raise WarehouseError(absent([sync.model], absence, wanted)) from None
        raise


def _said(refusal: WarehouseError) -> str:
    """The warehouse's own words."""
    return str(refusal).partition(": ")[2]


def grants(warehouse: Warehouse, models: Sequence[Model], absence: Absence) -> list[str]:
    """Return the statements that would let the role read the models."""
    relations: list[RelationArguments] = [
        {**as_arguments(each.relation), "kind": kind if kind in _KINDS else "table"}
        for each in models
        if each.relation and (kind := each.materialized.replace("_", " "))
    ]
    arguments = {"relations": relations, "role": absence.role, "columns": list(absence.columns)}
    statements: list[str] = warehouse.render("grants", needs=list(absence.needs), **arguments)
    return statements


class Inspection:
    """The models as the warehouse has them, remembered for an invocation: what declarations are checked against."""

    def __init__(self) -> None:
        self._classes: dict[str, ValueClass] = {}
        self._absences: dict[str, Absence | None] = {}

    def value_class(self, state: State, type_name: str) -> ValueClass:
        """Return the class of one of the warehouse's types."""
        if type_name not in self._classes:
            self._classes[type_name] = class_of(state.warehouse, type_name)
        return self._classes[type_name]

    def value_classes(self, state: State, sync: Sync) -> Mapping[str, ValueClass]:
        """Return the model's readable columns and their classes; empty if there are none."""
        types = state.catalog.of_model(sync.model.relation) if sync.model.relation else {}
        return {column: self.value_class(state, type_name) for column, type_name in types.items()}

    def absence(self, state: State, sync: Sync) -> Absence | None:
        """Return why the model, or a column that the sync names, cannot be read; None if nothing is missing."""
        if sync.name not in self._absences and sync.model.relation:
            columns = dict.fromkeys(column for _, column, _ in named_columns(sync))
            found = absence_of(state.warehouse, state.catalog, sync.model.relation, columns)
            self._absences[sync.name] = found
        return self._absences.get(sync.name)

    def readable(self, state: State) -> Readable:
        """Return what `check_columns` needs to know."""
        columns, absence = partial(self.value_classes, state), partial(self.absence, state)
        return Readable(columns, absence, partial(grants, state.warehouse))
