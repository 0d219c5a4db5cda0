"""The models as the warehouse has them: their columns with classes, and why some cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.errors import DeclarationError, WarehouseError
from dbt_heap.project.nodes import Model, Relation
from dbt_heap.state.catalog import Catalog, as_arguments, class_of
from dbt_heap.state.contract import RelationArguments
from dbt_heap.syncs.absence import Absence, Why, absent
from dbt_heap.syncs.column_check import Readable, check_columns, named_columns
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass, spellings
from dbt_heap.syncs.sync import Sync, SyncType
from dbt_heap.warehouse.connection import Warehouse

_KINDS = ("view", "materialized view", "dynamic table")
_NEEDS = {Why.NO_USAGE: "usage", Why.NO_SELECT: "select"}


def absence_of(
    warehouse: Warehouse, catalog: Catalog, relation: Relation, columns: Iterable[str] = ()
) -> Absence | None:
    """Return why a relation, or some of its columns, cannot be read; None if the warehouse shows all that it has.

    Args:
        catalog: what was read of the relation, and what the warehouse refused.
        columns: the columns that are needed.

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
def reading(warehouse: Warehouse, sync: Sync) -> Iterator[None]:
    """Name the model in the error if the warehouse denies a statement in the block because of its permissions.

    Raises:
        WarehouseError: names the model and the missing grants; unchanged if the model can be read.
    """
    try:
        yield
    except WarehouseError as refused:
        if not refused.denied or not sync.model.relation:
            raise
        try:
            warehouse.fetch("no_rows", relation=sync.model.relation.sql)
        except WarehouseError:
            facts: dict[str, Any] = {}
            facts.update(warehouse.fetch("access", relation=as_arguments(sync.model.relation)))
            # If the role may select from the model, the missing grant is on what the model, a view, reads.
            needs = ("usage", "select") if facts.keys() & {"no_select", "hidden", "no_relation"} else ()
            absence = Absence(Why.NO_SELECT, str(facts.get("role") or ""), needs=needs, detail=_said(refused))
            wanted = grants(warehouse, [sync.model], absence) if needs else ()
            raise WarehouseError(absent([sync.model], absence, wanted)) from None
        raise


def _said(refusal: WarehouseError) -> str:
    """Return the warehouse's own message."""
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


@dataclass(frozen=True)
class Models:
    """The models in the warehouse. Classes and absences are looked up once per invocation."""

    warehouse: Warehouse
    catalog: Catalog
    _classes: dict[str, ValueClass] = field(default_factory=dict)  # by type
    _absences: dict[str, Absence | None] = field(default_factory=dict)  # by sync

    def check(self, syncs: Iterable[Sync], among: Iterable[Sync] = ()) -> None:
        """Check declarations against the models as they were built.

        Args:
            syncs: the syncs to check.
            among: all syncs of the run; those with the same cause are named in its message.

        Raises:
            DeclarationError: with all mistakes.
        """
        readable = Readable(self.value_classes, self.absence, lambda *asked: grants(self.warehouse, *asked))
        if mistakes := check_columns(syncs, readable, among):
            raise DeclarationError(mistakes)

    def types(self, sync: Sync) -> Mapping[str, str]:
        """Return the types of the model's readable columns; empty if there are none."""
        return self.catalog.of_model(sync.model.relation) if sync.model.relation else {}

    def value_class(self, type_name: str) -> ValueClass:
        """Return the class of one of the warehouse's types."""
        if type_name not in self._classes:
            self._classes[type_name] = class_of(self.warehouse, type_name)
        return self._classes[type_name]

    def value_classes(self, sync: Sync) -> Mapping[str, ValueClass]:
        """Return the classes of the model's readable columns; empty if there are none."""
        return {column: self.value_class(type_name) for column, type_name in self.types(sync).items()}

    def absence(self, sync: Sync) -> Absence | None:
        """Return why the model, or a column that the sync names, cannot be read; None if nothing is missing."""
        if sync.name not in self._absences and sync.model.relation:
            columns = dict.fromkeys(column for _, column, _ in named_columns(sync))
            found = absence_of(self.warehouse, self.catalog, sync.model.relation, columns)
            self._absences[sync.name] = found
        return self._absences.get(sync.name)

    def key_columns(self, sync: Sync) -> tuple[str, ...]:
        """Return the sync's key columns as the warehouse spells them; each must exist."""
        return tuple(_spelled(column, self.types(sync)) for column in sync.key_columns)

    def mapped_columns(self, sync: Sync) -> tuple[MappedColumn, ...]:
        """Return what the sync reads of its model; each column must exist. Properties are last, in declared order."""
        types, classes = self.types(sync), self.value_classes(sync)
        named: list[tuple[Role, str, str | None]] = []
        if sync.type is SyncType.EVENTS:
            named = [
                (Role.SUBJECT, str(Role.SUBJECT), sync.subject_column),
                (Role.EVENT, str(Role.EVENT), sync.event_name_column),
                (Role.TIMESTAMP, str(Role.TIMESTAMP), sync.timestamp),
                (Role.SESSION_ID, str(Role.SESSION_ID), sync.session_id),
                (Role.IDEMPOTENCY_KEY, str(Role.IDEMPOTENCY_KEY), sync.idempotency_key),
                (Role.PROPERTIES, str(Role.PROPERTIES), sync.properties_column),
            ]
        named += [(Role.PROPERTY, name, column) for name, column in sync.properties.items()]
        found = [(role, name, _spelled(column, types)) for role, name, column in named if column]
        return tuple(MappedColumn(role, name, column, types[column], classes[column]) for role, name, column in found)


def _spelled(column: str, types: Iterable[str]) -> str:
    return spellings(column, types)[0]
