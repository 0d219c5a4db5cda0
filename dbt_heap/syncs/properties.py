"""Which columns a block sends as which properties: by its `properties`, and by the columns' own `meta.heap`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dbt_heap.errors import Mistake, did_you_mean
from dbt_heap.project.validation import Place, describe, identifier, quoted
from dbt_heap.syncs.block import SENT_COLUMNS
from dbt_heap.syncs.column_entries import ColumnEntry
from dbt_heap.syncs.fields import property_name
from dbt_heap.syncs.parsing import Declared
from dbt_heap.syncs.rules import Veto, never_sent, unique_key
from dbt_heap.syncs.sync import SyncType

_FORMS = 'must be a mapping `Heap name: column`, a list of columns and renames, or "*"'
_ALL = "*"
_TIMESTAMP = "timestamp"
# dbt writes the keys that YAML read as true, false and null into the manifest as these texts (tried with dbt 1.11).
_READ_BY_YAML = {"true": True, "false": False, "null": None}


@dataclass(frozen=True)
class Property:
    """A column that is sent as a property, and where that is declared."""

    name: str
    column: str
    place: Place


@dataclass(frozen=True)
class Properties:
    """The properties of one block."""

    mapped: tuple[Property, ...]
    timestamp: str | None  # the column of an event's time, also if a property named it
    mistakes: tuple[Mistake, ...]
    warnings: tuple[str, ...]
    places: Mapping[str, Place]  # by name, and that of the event's time if a property gives it


def properties_of(declared: Declared, entries: Iterable[ColumnEntry], forbidden_by: Veto) -> Properties:
    """Return the properties of a block and of its columns, without those that have mistakes."""
    own = list(entries)
    both = [*_of_block(declared, own, forbidden_by), *(_property(e.name, e.column, e.place) for e in own)]
    mapped = [each for each in both if isinstance(each, Property)]
    mistakes = [each for each in both if isinstance(each, Mistake)]
    mistakes += [*_duplicates(mapped), *_forbidden(mapped, forbidden_by), *_exceptions(declared)]
    timed, timestamp, warnings, conflicts = _timestamp(declared, mapped)
    mistakes += [*conflicts, *_untimed(declared, timestamp)]
    if declared.block.type is SyncType.USER_DELETIONS:
        mistakes += [each.place.mistake("a deletion has no properties: remove this") for each in own]
    elif not timed and not mistakes and declared.block.type not in (None, SyncType.EVENTS) and not _broken(declared):
        mistakes += _nothing_to_send(declared)
    if declared.block.type is SyncType.USER_PROPERTIES:
        warnings += [_as_email(each) for each in timed if each.name.lower() == "email" != each.name]
    own_time = _TIMESTAMP in declared.own
    places = {each.name: each.place for each in mapped if each in timed or not own_time}
    return Properties(tuple(timed), timestamp, tuple(mistakes), tuple(warnings), places)


def _broken(declared: Declared) -> bool:
    return "properties" in declared.broken


def takes_all(declared: Declared) -> bool:
    """Return whether a block sends all listed columns."""
    return declared.block.properties == _ALL


def _of_block(declared: Declared, entries: Sequence[ColumnEntry], forbidden_by: Veto) -> Iterator[Property | Mistake]:
    place = declared.where("properties")
    value: Any = declared.block.properties
    if value == _ALL:
        yield from _every_column(declared, place, entries, forbidden_by)
    elif isinstance(value, Mapping):
        yield from (_renamed(name, column, place) for name, column in value.items())
    elif isinstance(value, list):
        yield from (_item(item, place.at(index)) for index, item in enumerate(value))
    elif "properties" in declared.block.model_fields_set:
        yield place.mistake(f"{_FORMS}, not {describe(value)}")


def _every_column(
    declared: Declared, place: Place, entries: Sequence[ColumnEntry], forbidden_by: Veto
) -> Iterator[Property | Mistake]:
    """Yield the columns listed in the YAML that are not used otherwise, forbidden or excepted."""
    block = declared.block
    roles = [getattr(block, key) for key in SENT_COLUMNS]
    used = [*roles, *unique_key(declared), *(block.except_ or ()), *(entry.column for entry in entries)]
    left_out = {name.casefold() for name in used if name}
    if not declared.model.columns:
        yield place.mistake('"*" sends the columns listed under the model\'s `columns:`, but none is listed')
    for column in declared.model.columns:
        if column.name.casefold() not in left_out and not forbidden_by(column.name):
            made = _property(column.name, column.name, place)
            remedy = f", or leave the column {quoted(column.name)} out with `except`"
            yield made if isinstance(made, Property) else replace(made, text=made.text + remedy)


def _renamed(name: Any, column: Any, place: Place) -> Property | Mistake:
    """Return the property of one pair of a mapping."""
    name = _READ_BY_YAML.get(name, name)
    return _property(name, column, place.at(name) if isinstance(name, str) else place)


def _item(item: Any, place: Place) -> Property | Mistake:
    """Return the property of a list item: a column, or one rename."""
    if item == _ALL:
        return place.mistake(
            '"*" cannot be in a list: write `properties: "*"`, and rename columns in their own `meta.heap`'
        )
    if not isinstance(item, Mapping):
        return _property(item, item, place)
    if len(item) != 1:
        return place.mistake(
            f"must be one rename such as {{Plan: plan}}, not {len(item)} keys: write one item for each"
        )
    ((name, column),) = item.items()
    made = _renamed(name, column, place)
    return replace(made, place=place) if isinstance(made, Property) else replace(made, key=place.key)


def _property(name: Any, column: Any, place: Place) -> Property | Mistake:
    try:
        return Property(property_name(name), identifier(column), place)
    except ValueError as refusal:
        return place.mistake(str(refusal))


def _duplicates(mapped: Iterable[Property]) -> Iterator[Mistake]:
    first: dict[str, Property] = {}
    for each in mapped:
        other = first.setdefault(each.name, each)
        if other is not each:
            yield each.place.mistake(
                f"the property {quoted(each.name)} is already mapped to the column {quoted(other.column)}: "
                "leave one out or rename it"
            )


def _forbidden(mapped: Iterable[Property], forbidden_by: Veto) -> Iterator[Mistake]:
    for each in mapped:
        if by := forbidden_by(each.column):
            yield each.place.mistake(never_sent(each.column, by))


def _exceptions(declared: Declared) -> Iterator[Mistake]:
    """Yield the mistakes of the block's own `except`; a default one may name columns of other models."""
    if declared.block.except_ is None or "except" not in declared.own:
        return
    place = declared.place.at("except")
    if not takes_all(declared):
        yield place.mistake('this key only works with `properties: "*"`: remove it')
        return
    listed = {column.name.casefold(): column.name for column in declared.model.columns}
    for name in declared.block.except_:
        if name.casefold() not in listed:
            near = did_you_mean(name, listed.values())
            yield place.mistake(f"the column {quoted(name)} is not listed under the model's `columns:`{near}")


def _timestamp(
    declared: Declared, mapped: Sequence[Property]
) -> tuple[list[Property], str | None, list[str], list[Mistake]]:
    """Return the properties without the event's time, the column of that time, warnings and mistakes."""
    column = declared.block.timestamp
    timing = next((each for each in mapped if each.name == _TIMESTAMP), None)
    if declared.block.type is not SyncType.EVENTS or timing is None:
        return list(mapped), column, [], []
    others = [each for each in mapped if each.name != _TIMESTAMP]
    if column is None or _TIMESTAMP not in declared.own:
        column = timing.column
    if column.casefold() != timing.column.casefold():
        conflict = timing.place.mistake(
            f"the property 'timestamp' is the event's time, and `timestamp` names another column, {quoted(column)}: "
            "leave one out or rename the property"
        )
        return others, column, [], [conflict]
    warning = timing.place.mistake(
        f"the column {quoted(timing.column)} is sent as the event's time, not as a property: "
        "set `timestamp` in the block instead"
    )
    return others, column, [str(warning)], []


def _untimed(declared: Declared, timestamp: str | None) -> Iterator[Mistake]:
    """Yield mistakes of keys that need the event's time; without one, defaults are ignored."""
    if declared.block.type is not SyncType.EVENTS or timestamp or "timestamp" in declared.broken:
        return
    for key in ("begin", "lookback"):
        if key in declared.own - declared.broken:
            yield declared.place.at(key).mistake(f"`{key}` needs `timestamp`: the column of the event's time")


def _nothing_to_send(declared: Declared) -> Iterator[Mistake]:
    yield declared.place.at("properties").mistake(
        "no property would be sent: add one here, or on a column as `meta: {heap: {property: Plan}}`"
    )


def _as_email(each: Property) -> str:
    return str(
        each.place.mistake(
            f"Heap's email property is `email`, in lower case: {quoted(each.name)} creates another property"
        )
    )
