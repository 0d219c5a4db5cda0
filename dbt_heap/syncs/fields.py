"""Parse single values of a block. Each function takes a YAML value, and raises ValueError with a message."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from dbt_heap.errors import did_you_mean
from dbt_heap.http.limits import MAX_EVENT_NAME, MAX_TEXT, RESERVED_PROPERTIES
from dbt_heap.project.validation import describe, identifier, one_of, quoted, text
from dbt_heap.syncs.sync import Allowance, SyncType, slug

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
SPAN = r"[1-9][0-9]{0,4} (minute|hour|day|week)s?"
PERCENT = r"[0-9]{1,5}(\.[0-9]{1,5})?%"
SYNC_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
MAX_NAME = 100


def sync_type(value: Any) -> SyncType:
    """Return the type of a sync. Raises ValueError that suggests the nearest."""
    return SyncType(one_of(value, [str(each) for each in SyncType]))


def sync_name(value: Any) -> str:
    """Return a name for a sync that can also name a view. Raises ValueError."""
    name = text(value)
    if not re.fullmatch(SYNC_NAME, name) or not slug(name):
        raise ValueError(f"must consist of letters, digits, _, - and ., not {quoted(name)}")
    if len(name) > MAX_NAME:
        raise ValueError(f"must have at most {MAX_NAME} characters, not {len(name)}")
    return name


def renamed_from(value: Any) -> tuple[str, ...]:
    """Return the earlier names of a sync without repetitions; an empty list if it is new. Raises ValueError."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(sync_name(each) for each in listed))


def event_name(value: Any) -> str:
    """Return an event name that Heap accepts. Raises ValueError."""
    name = text(value)
    if len(name) > MAX_EVENT_NAME:
        raise ValueError(
            f"must have at most {MAX_EVENT_NAME} characters, Heap's limit for event names, not {len(name)}"
        )
    return name


def property_name(value: Any) -> str:
    """Return a property name that Heap accepts. Raises ValueError."""
    name = text(value)
    if name.casefold() in RESERVED_PROPERTIES:
        raise ValueError(f"Heap reserves the property name {quoted(name)}, in any casing: choose another name")
    if len(name) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters, Heap's limit for property names, not {len(name)}")
    return name


def columns(value: Any) -> tuple[str, ...]:
    """Return one column or a list of columns as a tuple. Raises ValueError, also if one is repeated."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    if not listed:
        raise ValueError("must be a column or a list of columns, not an empty list")
    names = tuple(identifier(each) for each in listed)
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise ValueError(f"the column {quoted(twice)} is listed twice: remove one")
    return names


def day(value: Any) -> date:
    """Return a date; the manifest has it as ISO text. Raises ValueError."""
    if type(value) is date:
        return value
    if isinstance(value, str) and re.fullmatch(DATE, value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{quoted(value)} is not a date of the calendar") from None
    raise ValueError(f"must be a date such as 2026-01-31, not {describe(value)}")


def span(value: Any) -> timedelta:
    """Return a time span. Raises ValueError."""
    if isinstance(value, str) and re.fullmatch(SPAN, value):
        count, unit = value.split()
        return timedelta(**{unit.rstrip("s") + "s": int(count)})
    raise ValueError(f"must be a span such as `3 days`, in minutes, hours, days or weeks, not {describe(value)}")


def zone(value: Any) -> str:
    """Return an IANA time zone. Raises ValueError that suggests the nearest."""
    name = text(value)
    if name != "UTC" and name not in (known := _zones()):
        near = did_you_mean(name, sorted(known))
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin, not {quoted(name)}{near}")
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # slow: it walks through many folders


def max_rows(value: Any) -> Allowance:
    """Return a number of rows from 1, or a percentage above 0. Raises ValueError."""
    allowance = _allowance(value)
    if allowance is None or not (allowance.rows or allowance.share):
        raise ValueError(f"must be a number of rows from 1, or a percentage such as `20%`, not {describe(value)}")
    return allowance


def allow_rejected(value: Any) -> Allowance:
    """Return a number of rows from 0, or a percentage up to 100. Raises ValueError."""
    allowance = _allowance(value)
    if allowance is None or (allowance.share or 0.0) > 1.0:
        raise ValueError(f"must be a number of rows from 0, or a percentage from `0%` to `100%`, not {describe(value)}")
    return allowance


def _allowance(value: Any) -> Allowance | None:
    if isinstance(value, str) and re.fullmatch(PERCENT, value):
        return Allowance(share=float(value.removesuffix("%")) / 100)
    rows = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value
    return Allowance(rows=rows) if isinstance(rows, int) and not isinstance(rows, bool) and rows >= 0 else None
