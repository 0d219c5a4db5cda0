"""One value of the warehouse as Heap takes it: text, or a JSON number; see docs/reference/values.md for the table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timezone, tzinfo
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any

import orjson

from dbt_heap.limits import MAX_TEXT
from dbt_heap.mapping import ValueClass
from dbt_heap.payloads.json_values import BOOLEANS, json_value
from dbt_heap.payloads.rejects import Reason, UnfitError

Convert = Callable[[Any], Any]

# Zones kept local mean time, whose offsets have seconds that ISO 8601 cannot say, until Liberia's of 1972:
# https://data.iana.org/time-zones/theory.html
OFFSETS_ARE_WHOLE_MINUTES_SINCE = 1973


def converter(value_class: ValueClass, zone: tzinfo, *, joining: bool) -> Convert | None:
    """What makes a column's values (never None) fit for Heap; None where text passes as it is.

    `zone` is that of timestamps without one; with `joining`, arrays become one text, as events want them.
    Whatever it is given, a converter raises nothing but UnfitError.
    """
    converters: dict[ValueClass, Convert | None] = {
        ValueClass.BOOLEAN: boolean,
        ValueClass.INTEGER: integer,
        ValueClass.DECIMAL: number,
        ValueClass.FLOAT: number,
        ValueClass.TEXT: None,
        ValueClass.DATE: day,
        ValueClass.TIMESTAMP: partial(timestamp, zone),
        ValueClass.TIMESTAMPTZ: partial(timestamp, timezone.utc),
        ValueClass.ARRAY: partial(json_value, joining=joining),
        ValueClass.JSON: partial(json_value, joining=joining),
        ValueClass.OTHER: None,
        ValueClass.BYTES: never,
    }
    return converters[value_class]


def boolean(value: Any) -> str:
    """`true` or `false`: Heap's types are numbers and strings."""
    try:
        return BOOLEANS[value]
    except (KeyError, TypeError):
        raise UnfitError(Reason.WRONG_TYPE) from None


def integer(value: Any) -> Any:
    """A whole number, whatever its size."""
    if value.__class__ is int and -(2**63) <= value < 2**64:
        return value
    return number(value)


def number(value: Any) -> Any:
    """A JSON number; a decimal or a great integer digit by digit, never with an exponent."""
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
    # Looked at before it is written out: Decimal("1e999999999") is short in memory only.
    if "E" in digits and -MAX_TEXT < value.adjusted() < MAX_TEXT:
        digits = format(value, "f")
    if "E" in digits or len(digits) > MAX_TEXT:
        raise UnfitError(Reason.LONG_NUMBER)
    return digits


def day(value: Any) -> date:
    """A date, which orjson writes as ISO 8601."""
    if value.__class__ is date:
        return value  # type: ignore[no-any-return]
    if isinstance(value, datetime):
        return value.date()
    raise UnfitError(Reason.WRONG_TYPE)


def timestamp(zone: tzinfo, value: Any) -> datetime:
    """A timestamp with an offset: its own, else that of `zone`; orjson writes it as ISO 8601."""
    if not isinstance(value, datetime):
        raise UnfitError(Reason.WRONG_TYPE)
    # `combine` is a quarter of the price of `replace`, and this is paid for every event.
    aware = value if value.tzinfo is not None else datetime.combine(value, value.time(), zone)
    if aware.year >= OFFSETS_ARE_WHOLE_MINUTES_SINCE:
        return aware
    try:
        return aware.astimezone(timezone.utc)
    except OverflowError:
        raise UnfitError(Reason.DATE_OUT_OF_RANGE) from None


def instant(zone: tzinfo, value: Any) -> datetime | None:
    """When an event happened, if that is known; a mere date means its first moment in `zone`."""
    if value is None:
        return None
    if value.__class__ is date:
        value = datetime.combine(value, time.min)
    return timestamp(zone, value)


def never(_: Any) -> None:
    """Nothing: bytes are not sent."""
    raise UnfitError(Reason.BYTES)
