"""Convert the values of columns to what Heap takes.

JSON scalars stay scalars, arrays in events are joined, and everything else becomes JSON text. Warehouses write the same
array or object as different texts: `jsonb` sorts keys, and `json` keeps blanks
(https://www.postgresql.org/docs/current/datatype-json.html). Heap gets one text: sorted keys, no blanks, no trailing
zeros in numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

import orjson

from dbt_heap.heap.rejects import Reason, UnfitError
from dbt_heap.http.limits import MAX_TEXT, RESERVED_PROPERTIES
from dbt_heap.syncs.columns import ValueClass

BOOLEANS = {True: "true", False: "false"}

# https://developers.heap.io/reference/track-1
ARRAY_SEPARATOR = "||"

_OPTIONS = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_SORT_KEYS  # without the first, Numerals would be quoted


class Numeral(str):
    """A JSON number as it was written. Python's numbers could lose digits."""

    __slots__ = ()


def json_value(text: Any, *, joining: bool) -> Any:
    """Return JSON text as Heap takes it: a scalar, an array joined if `joining`, anything else as JSON text.

    Raises:
        UnfitError: The text is not JSON, or contains NaN or an infinity.
    """
    if text.__class__ is not str:
        raise UnfitError(Reason.WRONG_TYPE)
    return plain(parsed(text), joining=joining)


def top_level(text: Any) -> Iterator[tuple[str, Any]]:
    """Yield the properties in a JSON object: its top-level keys with their values, without nulls.

    Raises:
        UnfitError: The text is not a JSON object, or a key cannot be a property in Heap.
    """
    if text.__class__ is not str:
        raise UnfitError(Reason.WRONG_TYPE)
    properties = parsed(text)
    if properties is None:
        return
    if not isinstance(properties, dict):
        raise UnfitError(Reason.NOT_AN_OBJECT)
    for name, value in properties.items():
        if value is not None:
            yield _allowed(name), plain(value, joining=True)


def parsed(text: str) -> Any:
    """Return the JSON value in `text`, with numbers as Numerals. Raises UnfitError."""
    try:
        return json.loads(text, parse_int=Numeral, parse_float=Numeral, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnfitError(Reason.INVALID_JSON) from None


def plain(value: Any, *, joining: bool) -> Any:
    """Return a parsed JSON value as Heap takes it: text, a number, or None. Raises UnfitError."""
    if isinstance(value, Numeral):
        return _number(value)
    if isinstance(value, list) and joining:
        return ARRAY_SEPARATOR.join(_element(each) for each in value if each is not None)
    return value if value is None else _element(value)


def _element(value: Any) -> str:
    if isinstance(value, str):
        return _trimmed(value) if isinstance(value, Numeral) else value
    if isinstance(value, bool):
        return BOOLEANS[value]
    try:
        return orjson.dumps(value, default=_fragment, option=_OPTIONS).decode()
    except orjson.JSONEncodeError:
        raise UnfitError(Reason.INVALID_JSON) from None


def _trimmed(numeral: Numeral) -> str:
    """Return a number without trailing zeros; an exponent stays."""
    digits, *exponent = re.split("(?=[eE])", numeral)
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "".join([digits, *exponent])


def _fragment(numeral: Numeral) -> orjson.Fragment:
    return orjson.Fragment(_trimmed(numeral))


def _number(numeral: Numeral) -> orjson.Fragment:
    if len(numeral) > MAX_TEXT:
        raise UnfitError(Reason.LONG_NUMBER)
    if not math.isfinite(float(numeral)):
        raise UnfitError(Reason.NOT_A_NUMBER)
    return orjson.Fragment(str(numeral))


def _no_number(_: str) -> None:
    raise UnfitError(Reason.NOT_A_NUMBER)


def _allowed(name: str) -> str:
    if name.lower() in RESERVED_PROPERTIES:
        raise UnfitError(Reason.RESERVED_PROPERTY)
    if not name.strip():
        raise UnfitError(Reason.BLANK_PROPERTY)
    if len(name) > MAX_TEXT:
        raise UnfitError(Reason.LONG_PROPERTY)
    return name


Convert = Callable[[Any], Any]

# Until Liberia's change in 1972, some zones had offsets with seconds, which ISO 8601 cannot express:
# https://data.iana.org/time-zones/theory.html
OFFSETS_ARE_WHOLE_MINUTES_SINCE = 1973


def converter(value_class: ValueClass, zone: tzinfo, *, joining: bool) -> Convert | None:
    """Return the converter of a column's values (never None); None if text needs none.

    Args:
        value_class: The class of the column's type.
        zone: For timestamps without a zone.
        joining: Whether arrays become one text, as events need them.

    A converter raises nothing but UnfitError, whatever the value.
    """
    converters: dict[ValueClass, Convert | None] = {
        ValueClass.BOOLEAN: boolean,
        ValueClass.INTEGER: integer,
        ValueClass.DECIMAL: number,
        ValueClass.FLOAT: number,
        ValueClass.TEXT: None,
        ValueClass.DATE: day,
        ValueClass.TIMESTAMP: partial(timestamp, zone),
        ValueClass.TIMESTAMPTZ: partial(timestamp, UTC),
        ValueClass.ARRAY: partial(json_value, joining=joining),
        ValueClass.JSON: partial(json_value, joining=joining),
        ValueClass.OTHER: None,
        ValueClass.BYTES: never,
    }
    return converters[value_class]


def boolean(value: Any) -> str:
    """Return `true` or `false`: Heap's types are numbers and strings."""
    try:
        return BOOLEANS[value]
    except (KeyError, TypeError):
        raise UnfitError(Reason.WRONG_TYPE) from None


def integer(value: Any) -> Any:
    """Return a whole number of any size."""
    if value.__class__ is int and -(2**63) <= value < 2**64:
        return value
    return number(value)


def number(value: Any) -> Any:
    """Return a JSON number; a decimal or a large integer with all its digits, never with an exponent."""
    if value.__class__ is float:
        if isfinite(value):
            return value
        raise UnfitError(Reason.NOT_A_NUMBER)
    if value.__class__ is Decimal:
        return orjson.Fragment(_digits(value))
    if value.__class__ is int:
        return orjson.Fragment(_digits(Decimal(value)))
    raise UnfitError(Reason.WRONG_TYPE)


def _digits(value: Decimal) -> str:
    if not value.is_finite():
        raise UnfitError(Reason.NOT_A_NUMBER)
    digits = str(value)
    # Check the size before writing digits: Decimal("1e999999999") is short only in memory.
    if "E" in digits and -MAX_TEXT < value.adjusted() < MAX_TEXT:
        digits = format(value, "f")
    if "E" in digits or len(digits) > MAX_TEXT:
        raise UnfitError(Reason.LONG_NUMBER)
    return digits


def day(value: Any) -> date:
    """Return a date, which orjson writes as ISO 8601."""
    if value.__class__ is date:
        return value  # type: ignore[no-any-return]
    if isinstance(value, datetime):
        return value.date()
    raise UnfitError(Reason.WRONG_TYPE)


def timestamp(zone: tzinfo, value: Any) -> datetime:
    """Return a timestamp with its own offset or that of `zone`; orjson writes it as ISO 8601."""
    if not isinstance(value, datetime):
        raise UnfitError(Reason.WRONG_TYPE)
    # `combine` takes a quarter of the time of `replace`, and runs for every event.
    aware = value if value.tzinfo is not None else datetime.combine(value, value.time(), zone)
    if aware.year >= OFFSETS_ARE_WHOLE_MINUTES_SINCE:
        return aware
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise UnfitError(Reason.DATE_OUT_OF_RANGE) from None


def instant(zone: tzinfo, value: Any) -> datetime | None:
    """Return when an event happened, if that is known; a date means its first moment in `zone`."""
    if value is None:
        return None
    if value.__class__ is date:
        value = datetime.combine(value, time.min)
    return timestamp(zone, value)


def never(_: Any) -> None:
    """Raise UnfitError: bytes are not sent."""
    raise UnfitError(Reason.BYTES)
