"""The properties of a record: every value made fit for Heap, cut to its length and counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from dbt_heap.heap.records import Row, places
from dbt_heap.heap.rejects import Reason, UnfitError
from dbt_heap.heap.values import Convert, converter, top_level
from dbt_heap.http.limits import MAX_TEXT
from dbt_heap.syncs.columns import MappedColumn, Role
from dbt_heap.syncs.sync import Sync, SyncType

Shorten: TypeAlias = Callable[[str], str]


class Property(NamedTuple):
    """A mapped property: where in the row its value stands, Heap's name, what makes its values fit."""

    place: int
    name: str
    convert: Convert | None


def mapped_properties(sync: Sync, columns: Sequence[MappedColumn]) -> tuple[Property, ...]:
    """The properties with a column of their own, in the order of the columns."""
    zone = ZoneInfo(sync.timezone)
    joining = sync.type is SyncType.EVENTS
    return tuple(
        Property(place, column.name, converter(column.value_class, zone, joining=joining))
        for place, column in places(columns)
        if column.role is Role.PROPERTY
    )


def filled(
    row: Row, properties: Iterable[Property], *, blank_nulls: bool, shorten: Shorten
) -> tuple[dict[str, Any], int]:
    """The properties as Heap takes them, and how many were cut: the loop that every value runs through."""
    values: dict[str, Any] = {}
    cut = 0
    name = ""
    try:
        for place, name, convert in properties:
            value = row[place]
            if convert is not None and value is not None:
                value = convert(value)
            if value.__class__ is str:
                if len(value) > MAX_TEXT:
                    value = shorten(value)
                    cut += 1
            elif value is None:
                if not blank_nulls:
                    continue
                value = ""
            elif convert is None:
                raise UnfitError(Reason.WRONG_TYPE)
            values[name] = value
    except UnfitError as unfit:
        raise UnfitError(unfit.reason, name) from None
    return values, cut


def spread(text: Any, column: str, owned: frozenset[str], shorten: Shorten) -> tuple[dict[str, Any], int]:
    """The top-level keys of a properties column that no mapping owns, and how many values were cut.

    What is wrong with one of them is told of the column: their names came with the row.
    """
    values: dict[str, Any] = {}
    cut = 0
    try:
        for name, value in _not_owned(top_level(text), owned):
            too_long = isinstance(value, str) and len(value) > MAX_TEXT
            values[name] = shorten(value) if too_long else value
            cut += too_long
    except UnfitError as unfit:
        raise UnfitError(unfit.reason, column) from None
    return values, cut


def shortening(sync: Sync) -> Shorten:
    """What becomes of a text over Heap's length: it is cut, or its row is rejected."""
    return _refuse if sync.reject_too_long else _truncate


def unwritable(values: Mapping[str, Any], properties: Iterable[Property]) -> str | None:
    """The first mapped property whose value cannot be written as JSON, if any."""
    for each in properties:
        try:
            orjson.dumps(values.get(each.name))
        except orjson.JSONEncodeError:
            return each.name
    return None


def _not_owned(pairs: Iterable[tuple[str, Any]], owned: frozenset[str]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in pairs if name not in owned)


def _refuse(_: str) -> str:
    raise UnfitError(Reason.TOO_LONG)


def _truncate(text: str) -> str:
    return text[:MAX_TEXT]
