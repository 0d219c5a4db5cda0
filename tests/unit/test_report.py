"""Charts of the report as figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dbt_heap.reports.charts import outcome_bar, timeline
from dbt_heap.reports.facts import Report, Run, SyncFacts
from dbt_heap.reports.page import page
from tests.unit.declaring import declared, one

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(hours: float, accepted: int, rejected: int = 0) -> Run:
    begin = NOON + timedelta(hours=hours)
    return Run(f"r{hours}", "success", begin, accepted + rejected, accepted, rejected)


def test_one_reject_among_millions_is_seen_in_its_bar() -> None:
    accepted, rejected = outcome_bar((5_000_000, 1, 0))
    assert rejected.length > 1 and accepted.start + accepted.length == rejected.start
    assert round(rejected.start + rejected.length) == 100
    assert outcome_bar((0, 0, 0)) == ()


def test_rows_are_summed_by_the_hour_the_day_or_longer_as_the_runs_lie_apart() -> None:
    assert timeline([]) is None
    hourly = timeline([run(0, 3), run(0.5, 4), run(2, 5, rejected=1)])
    assert hourly and (hourly.unit, hourly.top) == ("hour", 10)
    assert [bar.counts for bar in hourly.bars] == [(7, 0, 0), (0, 0, 0), (5, 1, 0)]
    daily = timeline([run(24 * day, 1) for day in range(50)])
    assert daily and (daily.unit, len(daily.bars)) == ("day", 50)
    years = timeline([run(0, 1), run(24 * 3_000, 1)])
    assert years and len(years.bars) < 60 and sum(bar.total for bar in years.bars) == 2


def test_hundred_syncs_of_two_hundred_runs_are_a_page_of_a_few_megabytes() -> None:
    block = "type: user_properties, identity: user_id, properties: [a, b, c, d, e, f]"
    (sync,) = declared(one(block, columns="[{name: user_id}]")).syncs
    runs = tuple(run(6 * each, accepted=each, rejected=each % 7) for each in range(200))
    facts = SyncFacts(sync, "1@heapanalytics.com", runs=runs)
    made = page(Report("shop", "prod", NOON + timedelta(days=60), (facts,) * 100))
    assert len(made) < 4_000_000
    assert made.count("<article") == 100
