"""Times as warehouses write them, and where a lookback begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dbt_heap.project.instants import parse_instant
from dbt_heap.state.comparison import held_back, latest, lookback_start


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01", datetime(2026, 3, 1)),
        ("2026-03-01 10:00", datetime(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00", datetime(2026, 3, 1, 10)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00 UTC", datetime(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00.5", datetime(2026, 3, 1, 10, 0, 0, 500_000)),
        ("2026-03-01 10:00:00.000", datetime(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00.123456789", datetime(2026, 3, 1, 10, 0, 0, 123_456)),
        ("2026-03-01 10:00:00+00", datetime(2026, 3, 1, 10)),
        ("2026-03-01 10:00:00.5+02", datetime(2026, 3, 1, 8, 0, 0, 500_000)),
        ("2026-03-01 10:00:00 -0330", datetime(2026, 3, 1, 13, 30)),
        ("2026-03-01 10:00:00+05:30", datetime(2026, 3, 1, 4, 30)),
    ],
)
def test_time_is_read_however_a_warehouse_writes_it(text: str, time: datetime) -> None:
    assert parse_instant(text) == time.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "infinity", "-infinity", "4714-01-01 00:00:00 BC", "0044-03-15 (BC) 00:00:00", "294247-01-10 04:00:54",
     "2026-02-30", "0001-01-01 00:00:00+14"],
)  # fmt: skip
def test_time_outside_the_calendar_is_none(text: str) -> None:
    assert parse_instant(text) is None


def test_latest_time_is_compared_as_a_time_not_as_text() -> None:
    assert latest("2026-03-01 10:00:00+00", "2026-03-01 10:00:00.5", None) == "2026-03-01 10:00:00.500000"
    assert latest(None, None) is None


def test_undecided_records_hold_back_later_ones() -> None:
    assert held_back("2026-03-02", "2026-03-01") == "2026-03-01 00:00:00"
    assert held_back("2026-03-02", "2026-03-03") == "2026-03-02 00:00:00"
    assert held_back("2026-03-02", None) == "2026-03-02"
    assert held_back("2026-03-02", "-infinity") is None
    assert held_back(None, "2026-03-01") is None


def test_lookback_starts_at_an_instant_or_for_dates_at_a_day() -> None:
    hours = timedelta(hours=12)
    assert lookback_start("2026-03-02 08:00:00.5+00", hours, by_day=False) == "2026-03-01 20:00:00.500000"
    assert lookback_start("2026-03-02", hours, by_day=True) == "2026-03-01"


def test_everything_is_compared_without_a_lookback_or_newest_time() -> None:
    assert lookback_start("2026-03-02", None, by_day=False) is None
    assert lookback_start(None, timedelta(days=1), by_day=False) is None
    assert lookback_start("infinity", timedelta(days=1), by_day=False) is None
    assert lookback_start("0001-01-02", timedelta(weeks=1), by_day=False) is None
