"""Read `meta.heap` of columns, under the model's `columns:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbt_heap.errors import Mistake, did_you_mean
from dbt_heap.project.nodes import Column, Model
from dbt_heap.project.validation import AS_TRUE_OR_FALSE, Place, describe
from dbt_heap.syncs.parsing import Declared

_PROPERTY = "property"
_NO_BLOCK = "the model has no `meta.heap`, so this column is not sent: add a block to the model"
_NEEDED = "must be true, or a mapping such as {property: Plan}"


@dataclass(frozen=True)
class ColumnEntry:
    """A property that a column declares itself, for one block."""

    declared: Declared
    column: str
    name: Any  # of the property, as in YAML
    place: Place


def column_entries(model: Model, blocks: Sequence[Declared]) -> tuple[list[ColumnEntry], list[Mistake]]:
    """Return the entries of all columns of a model, and their mistakes."""
    both = [each for column in model.columns if "heap" in column.meta for each in _entries(column, model, blocks)]
    return [each for each in both if isinstance(each, ColumnEntry)], [
        each for each in both if isinstance(each, Mistake)
    ]


def _entries(column: Column, model: Model, blocks: Sequence[Declared]) -> Iterator[ColumnEntry | Mistake]:
    value, place = column.meta["heap"], Place(model.name, model.file, "columns").at(column.name, "meta", "heap")
    by_name = {each.name: each for each in blocks}
    if model.heap is None:
        yield place.mistake(_NO_BLOCK)
    elif isinstance(value, Mapping) and not _is_short(value, by_name):
        yield from _by_sync(column, value, place, by_name)
    elif isinstance(model.heap, list) and len(model.heap) > 1:
        example = next(filter(None, by_name), "name_of_the_sync")
        yield place.mistake(
            f"the model has several syncs: name the one you mean, as in {{{example}: {{property: Plan}}}}"
        )
    elif blocks:
        yield from _entry(column, value, place, blocks[0])


def _is_short(value: Mapping[Any, Any], by_name: Mapping[str, Declared]) -> bool:
    """Return whether a mapping declares a property itself, not one for each sync."""
    return not value or (_PROPERTY in value and _PROPERTY not in by_name)


def _by_sync(
    column: Column, value: Mapping[Any, Any], place: Place, by_name: Mapping[str, Declared]
) -> Iterator[ColumnEntry | Mistake]:
    for name, each in value.items():
        if not isinstance(name, str):
            yield place.mistake(f"{describe(name)} is not the name of a sync: {AS_TRUE_OR_FALSE}")
        elif declared := by_name.get(name):
            yield from _entry(column, each, place.at(name), declared)
        elif all(by_name):  # a block without a name may be the one that is meant
            near = did_you_mean(name, [*by_name, _PROPERTY])
            yield place.at(name).mistake(
                f"unknown key, and not the name of a sync of this model{near or _there_are(by_name)}"
            )


def _there_are(by_name: Mapping[str, Declared]) -> str:
    return f"; it has {' and '.join(by_name)}" if by_name else ""


def _entry(column: Column, value: Any, place: Place, declared: Declared) -> Iterator[ColumnEntry | Mistake]:
    if value is True:
        yield ColumnEntry(declared, column.name, column.name, place)
        return
    if not isinstance(value, Mapping) or not value:
        yield place.mistake(f"{_NEEDED}, not {'an empty mapping' if value == {} else describe(value)}")
        return
    for key in value:
        if key == _PROPERTY:
            yield ColumnEntry(declared, column.name, value[key], place.at(key))
        else:
            near = did_you_mean(str(key), [_PROPERTY])
            yield place.at(str(key)).mistake(f"unknown key{near or f'. The only key is `{_PROPERTY}`'}")
