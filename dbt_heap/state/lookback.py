"""From when on a sync with a `lookback` compares its events: all older ones are decided."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[ T](?P<clock>\d\d:\d\d)(?P<second>:\d\d)?(?:\.(?P<fraction>\d+))?)?"
    r"(?: ?(?P<utc>Z|UTC)| ?(?P<hours>[+-]\d\d):?(?P<minutes>\d\d)?)?"
)


def instant(text: str) -> datetime | None:
    """A time as any warehouse writes it, in UTC; None for one that Python has no calendar for, such as `infinity`."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = f"{found['hours'] or '+00'}:{found['minutes'] or '00'}"
    written = f"{found['day']}T{found['clock'] or '00:00'}{found['second'] or ':00'}.{fraction}{zone}"
    try:
        return datetime.fromisoformat(written).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def latest(*texts: str | None) -> str | None:
    """The latest of some times, those left out that cannot be read."""
    times = [time for text in texts if text and (time := instant(text))]
    return max(times).isoformat(sep=" ") if times else None


def held_back(newest: str | None, oldest: str | None) -> str | None:
    """`newest`, or `oldest` where that is earlier: the time of an event that is not decided yet.

    None where one of them cannot be read: then all are compared.
    """
    if newest is None or oldest is None:
        return newest
    ends = instant(newest), instant(oldest)
    return min(end for end in ends if end).isoformat(sep=" ") if all(ends) else None


def start(newest: str | None, lookback: timedelta | None, *, by_day: bool) -> str | None:
    """Where a lookback begins; None where all events are compared.

    A column of dates is held against a date: of an instant, some warehouses would make an error.
    """
    end = instant(newest) if newest else None
    if end is None or lookback is None:
        return None
    try:
        begin = end - lookback
    except OverflowError:
        return None
    return begin.date().isoformat() if by_day else begin.isoformat(sep=" ")
