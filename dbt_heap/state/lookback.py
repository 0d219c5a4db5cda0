"""From when on a sync with a `lookback` compares its events: all older ones are decided."""

from __future__ import annotations

from datetime import datetime, timedelta

from dbt_heap.project.instants import parse_instant


def latest(*texts: str | None) -> str | None:
    """The latest of some times, those left out that cannot be read."""
    times = [time for text in texts if text and (time := parse_instant(text))]
    return _text(max(times)) if times else None


def held_back(newest: str | None, oldest: str | None) -> str | None:
    """`newest`, or `oldest` where that is earlier: the time of an event that is not decided yet.

    None where one of them cannot be read: then all are compared.
    """
    if newest is None or oldest is None:
        return newest
    ends = parse_instant(newest), parse_instant(oldest)
    return _text(min(end for end in ends if end)) if all(ends) else None


def start(newest: str | None, lookback: timedelta | None, *, by_day: bool) -> str | None:
    """Where a lookback begins; None where all events are compared.

    A column of dates is held against a date: of an instant, some warehouses would make an error.
    """
    end = parse_instant(newest) if newest else None
    if end is None or lookback is None:
        return None
    try:
        begin = end - lookback
    except OverflowError:
        return None
    return begin.date().isoformat() if by_day else _text(begin)


def _text(time: datetime) -> str:
    """Return an instant as every warehouse reads it: in UTC, without an offset."""
    return time.replace(tzinfo=None).isoformat(sep=" ")
