"""Declarations held against the warehouse: whether the columns are there, and of a class that will do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dbt_heap.declarations.block import SENT_COLUMNS
from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import Mistake
from dbt_heap.manifest import Model
from dbt_heap.mapping import ValueClass, spellings
from dbt_heap.reading import Place, did_you_mean, quoted

Columns = Mapping[str, ValueClass]

_FLOAT = "a float's text is not stable: cast it to an integer, a decimal or text in the model"
_NO_TEXT = "has no text that Heap could know it by: cast it to text in the model"
_BUILD = {
    "model": "dbt run --select {}",
    "seed": "dbt seed --select {}",
    "snapshot": "dbt snapshot --select {}",
}


def check_columns(syncs: Iterable[Sync], columns: Callable[[Sync], Columns]) -> list[Mistake]:
    """What is wrong with declarations beside the models as they were built.

    `columns` gives a model's columns with their classes; none where it was never built.
    """
    mistakes: list[Mistake] = []
    for sync in syncs:
        there = columns(sync)
        mistakes += _of_sync(sync, there) if there else [_model_place(sync.model).mistake(not_built(sync.model))]
    return list(dict.fromkeys(mistakes))


def not_built(model: Model) -> str:
    """What is said of a model whose relation the warehouse does not have."""
    how = _BUILD.get(model.resource_type)
    remedy = f"run `{how.format(model.name)}`" if how else "load it first"
    return f"the relation {model.relation} does not exist; {remedy}"


def _of_sync(sync: Sync, there: Columns) -> Iterator[Mistake]:
    for key, column, place in _named(sync):
        found = spellings(column, there)
        if not found:
            near = did_you_mean(column, there)
            yield place.mistake(f"the relation {sync.model.relation} has no column {quoted(column)}{near}")
        elif len(found) > 1:
            which = " and ".join(map(quoted, found))
            yield place.mistake(
                f"the relation {sync.model.relation} has {which}: write {quoted(column)} as one of them"
            )
        elif (wrong := unfit(key, there[found[0]])) is not None:
            yield place.mistake(f"the column {quoted(found[0])} holds {_CALLED[there[found[0]]]}, and {wrong}")


def _named(sync: Sync) -> Iterator[tuple[str, str, Place]]:
    """Every column that a sync names: by which key, which, and where."""
    block, place = _written(sync)
    for key in SENT_COLUMNS:
        column = getattr(sync, key)
        if column is not None:
            by_property = key == "timestamp" and key not in block
            yield key, column, _property_place(sync, key, column) if by_property else place.at(key)
    for column in sync.unique_key:
        yield "unique_key", column, place.at("unique_key")
    for name, column in sync.properties.items():
        yield "properties", column, _property_place(sync, name, column)


def unfit(key: str, value_class: ValueClass) -> str | None:
    """Why a column of this class cannot be what a key makes of it; None where it can."""
    v = ValueClass
    if key in ("identity", "account_id", "unique_key") and value_class is v.FLOAT:
        return _FLOAT
    if key in ("identity", "account_id", "event_name_column") and value_class in (v.BYTES, v.ARRAY, v.JSON):
        return _NO_TEXT
    if key == "unique_key" and value_class is v.BYTES:
        return _NO_TEXT
    if key == "heap_user_id" and value_class not in (v.INTEGER, v.DECIMAL, v.TEXT):
        return "Heap's own numeric id is needed: as an integer, a decimal or text"
    if key == "timestamp" and value_class not in (v.DATE, v.TIMESTAMP, v.TIMESTAMPTZ):
        return "a date or a timestamp is needed: cast it in the model"
    if key == "properties_column" and value_class not in (v.JSON, v.TEXT):
        return "a JSON object is needed: as JSON, a struct, a map or text"
    return None


_CALLED = {
    ValueClass.BOOLEAN: "booleans",
    ValueClass.INTEGER: "integers",
    ValueClass.DECIMAL: "decimals",
    ValueClass.FLOAT: "floats",
    ValueClass.TEXT: "text",
    ValueClass.DATE: "dates",
    ValueClass.TIMESTAMP: "timestamps",
    ValueClass.TIMESTAMPTZ: "timestamps",
    ValueClass.ARRAY: "arrays",
    ValueClass.JSON: "JSON",
    ValueClass.OTHER: "values of another type",
    ValueClass.BYTES: "bytes",
}


def _model_place(model: Model) -> Place:
    return Place(model.name, model.file, "meta.heap")


def _written(sync: Sync) -> tuple[Mapping[str, Any], Place]:
    """The block that declares a sync, as YAML gave it, and where it stands."""
    heap, place = sync.model.heap, _model_place(sync.model)
    if isinstance(heap, list):
        names = [each.get("name", sync.model.name) for each in heap]
        return heap[names.index(sync.name)], place.at(names.index(sync.name))
    return heap, place


def _property_place(sync: Sync, name: str, column: str) -> Place:
    """Where a property is declared: in the block, else on its column."""
    block, place = _written(sync)
    declared = block.get("properties")
    if isinstance(declared, Mapping) and name in declared:
        return place.at("properties", name)
    if isinstance(declared, list):
        for index, item in enumerate(declared):
            if item == name or (isinstance(item, Mapping) and name in item):
                return place.at("properties", index)
    on_column = any(each.name == column and "heap" in each.meta for each in sync.model.columns)
    if on_column:
        return Place(sync.model.name, sync.model.file, "columns").at(column, "meta", "heap")
    return place.at("properties")
