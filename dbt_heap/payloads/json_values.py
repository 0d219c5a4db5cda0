"""JSON text as Heap takes it: scalars as themselves, arrays of events joined, all else as JSON text.

Warehouses write the same array or object in texts of their own: https://www.postgresql.org/docs/current/datatype-json.html
tells that `jsonb` sorts keys and `json` keeps blanks. Heap gets one: keys sorted, no blanks, numbers without zeros at
their end.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import orjson

from dbt_heap.limits import MAX_TEXT, RESERVED_PROPERTIES
from dbt_heap.payloads.rejects import Reason, UnfitError

BOOLEANS = {True: "true", False: "false"}

# https://developers.heap.io/reference/track-1: arrays are joined so
ARRAY_SEPARATOR = "||"


_OPTIONS = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_SORT_KEYS  # of subclasses, orjson would take the text


class Numeral(str):
    """A JSON number as it was written, so that no digit is lost on its way through Python."""

    __slots__ = ()


def json_value(text: Any, *, joining: bool) -> Any:
    """What Heap gets for JSON text: a scalar as itself, an array joined if `joining`, all else as JSON text.

    Raises:
        UnfitError: The text is not JSON, or holds a number that is none.
    """
    if text.__class__ is not str:
        raise UnfitError(Reason.WRONG_TYPE)
    return plain(parsed(text), joining=joining)


def top_level(text: Any) -> Iterator[tuple[str, Any]]:
    """The properties in a JSON object: its top-level keys with their values, those that are null left out.

    Raises:
        UnfitError: The text is not a JSON object, or a key cannot be a property of Heap.
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
    """The JSON value in `text`, its numbers as Numerals."""
    try:
        return json.loads(text, parse_int=Numeral, parse_float=Numeral, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise UnfitError(Reason.INVALID_JSON) from None


def plain(value: Any, *, joining: bool) -> Any:
    """A parsed JSON value as Heap takes it: text, a number, or None."""
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
    """Every digit but zeros at the end; an exponent stays."""
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
