"""When a run clears what is old: once a day."""

from __future__ import annotations

import pytest

from dbt_heap.state.history import written_today
from dbt_heap.state.log import LogEntry, Step

MIDNIGHT = 20_000 * 86_400.0  # of some day
HOUR = 3_600


def entry(seconds_ago: int) -> LogEntry:
    return LogEntry(
        destination="1@heap", sync="s", entry=1, run_id="r", step=Step.CLOSED, type="events", model="m", relation="r",
        key_columns="k", namespace="n", seconds_ago=seconds_ago,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("started", "written_hours_ago", "ended", "cleared"),
    [
        (1, 2, 1, False),  # the last run was yesterday
        (12, 2, 12, True),
        (23.9, 23.8, 24.2, False),  # both ran over midnight: the last one's end is today's, and this one's tomorrow's
        (23.9, 23.8, 23.95, True),
    ],
)
def test_only_the_first_run_of_a_day_clears_old_entries(
    started: float, written_hours_ago: float, ended: float, cleared: bool
) -> None:
    last = [entry(int(written_hours_ago * HOUR))]
    assert written_today(last, MIDNIGHT + started * HOUR, MIDNIGHT + ended * HOUR) == cleared
