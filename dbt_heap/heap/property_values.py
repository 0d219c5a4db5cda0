"""The properties of a record: convert every value to what Heap takes, cut long texts, and count them."""

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
    """A mapped property: the place of its value in the row, Heap's name, the converter of its values."""

    place: int
    name: str
    convert: Convert | None


def mapped_properties(sync: Sync, columns: Sequence[MappedColumn]) -> tuple[Property, ...]:
    """Return the properties with a column of their own, in the order of the columns."""
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
    """Return the properties as Heap takes them, and how many were cut. Every value runs through this loop."""
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
    """Return the top-level keys of a properties column that no mapping owns, and how many values were cut.

    An error names the column, because the names of the keys come from the row.
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
    """Return what to do with a text longer than Heap takes: cut it, or reject its row."""
    return _refuse if sync.reject_too_long else _truncate


def unwritable(values: Mapping[str, Any], properties: Iterable[Property]) -> str | None:
    """Return the first mapped property whose value cannot be written as JSON, if any."""
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
