"""The sandbox enforces Heap's rate limits strictly: no sync exceeds them or delays another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.delivery.throttle import MARGIN
from dbt_heap.http.limits import EVENTS_PER_MINUTE, EVENTS_PER_MINUTE_AND_IDENTITY
from dbt_heap.project.settings import Settings
from dbt_heap.run import SyncOptions, sync
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from dbt_heap.syncs.invocation import invoke
from tests.long import LONG
from tests.project import HANGS_SECONDS, Project
from tests.warehouses import DuckDB

pytestmark = pytest.mark.usefixtures("known_macros")

# The minute of the sandbox. The client's minute is longer by the margin of a real minute, because requests don't get
# faster in short minutes, and by one more second in case a busy machine pauses.
MINUTE = 60.0 if LONG else 2.0
OURS = (MINUTE + 60.0 * (MARGIN - 1) + (0.0 if LONG else 1.0)) / MARGIN
OTHERS, HEAVY = 50_000, 5_000
WAVES = HEAVY // EVENTS_PER_MINUTE_AND_IDENTITY

# `dbt-heap sync` with this minute.
SHORT_MINUTE = f"""
from dataclasses import dataclass
import dbt_heap.cli.sync as command
@dataclass(frozen=True)
class ShortMinute(command.SyncOptions):
    minute: float = {OURS}
command.SyncOptions = ShortMinute
from dbt_heap.__main__ import main
main()
"""
EVENTS = {"type": "events", "identity": "user_id", "event_name": "Order", "timestamp": "placed_at",
          "unique_key": "order_id", "properties": {"Nth": "nth"}}  # fmt: skip


@pytest.fixture
def strict_heap() -> Iterator[Sandbox]:
    """Run a Heap with short minutes that allows no event above the limit."""
    with running(SandboxOptions(limit_seconds=MINUTE)) as sandbox:
        yield sandbox


def orders(folder: Path, heap: Sandbox, select: str) -> Project:
    """Return a project with one sync of events."""
    folder.mkdir()
    project = Project(folder, heap.url, DuckDB(folder))
    project.table("heap_orders", select)
    project.declare("heap_orders", EVENTS)
    project.write()
    return project


def numbered(user: str, prefix: str, count: int) -> str:
    """Return a select of events, one second apart."""
    return (
        f"select '{prefix}' || i as order_id, {user} as user_id, i as nth, "
        f"timestamp '2026-07-01' + i * interval 1 second as placed_at from range({count}) as t(i)"
    )


def test_identity_with_thousands_of_events_does_not_delay_others(
    tmp_path: Path, strict_heap: Sandbox, counts: Counter[str]
) -> None:
    many, one = numbered("'u' || i % 9973", "o", OTHERS), numbered("'heavy'", "h", HEAVY)
    project = orders(tmp_path / "shop", strict_heap, f"{many} union all {one}")
    settings = Settings(project_dir=project.folder, profiles_dir=project.folder, environ=project.environment)
    results = sync(invoke(settings), SyncOptions(minute=OURS, in_flight=2))

    assert results.exit_code == 0
    assert {request["status"] for request in strict_heap.requests()} == {200}
    heavy = [event["properties"]["Nth"] for event in strict_heap.events() if event["identity"] == "heavy"]
    others = strict_heap.counts()["events"] - len(heavy)
    assert (others, len(heavy)) == (OTHERS, HEAVY)
    for wave in range(WAVES):  # in the order of their time
        first = wave * EVENTS_PER_MINUTE_AND_IDENTITY
        later = heavy[first : first + EVENTS_PER_MINUTE_AND_IDENTITY]
        assert sorted(later) == list(range(first, first + EVENTS_PER_MINUTE_AND_IDENTITY))
    sizes = [len(each) for each in arrivals(strict_heap)]
    alone = [{each["identity"] for each in events} == {"heavy"} for events in arrivals(strict_heap)]
    assert sizes[-(WAVES - 1) :] == [EVENTS_PER_MINUTE_AND_IDENTITY] * (WAVES - 1)
    assert alone == [False] * (len(sizes) - WAVES + 1) + [True] * (WAVES - 1)
    counts.update(events=OTHERS + HEAVY, requests=len(sizes), refused=0)


def arrivals(heap: Sandbox) -> list[list[dict[str, object]]]:
    """Return the events of each request, in the order of the requests."""
    return [json.loads(request["body"])["events"] for request in heap.requests(bodies=True)]


def test_two_processes_with_half_the_limit_each_stay_under_it(
    tmp_path: Path, strict_heap: Sandbox, counts: Counter[str]
) -> None:
    count = 20_000 if LONG else 10_000  # more than either may send in a minute
    projects = [
        orders(tmp_path / name, strict_heap, numbered("'u' || i % 997", name, count)) for name in ("shop", "app")
    ]
    half = ("--events-per-minute", str(EVENTS_PER_MINUTE // 2), "--in-flight", "2")
    processes = [project.start_sync(*half, program=("-c", SHORT_MINUTE)) for project in projects]
    ended = [(process.communicate(timeout=2 * HANGS_SECONDS)[1], process.returncode) for process in processes]
    assert [code for _, code in ended] == [0, 0], ended
    assert {request["status"] for request in strict_heap.requests()} == {200}
    assert strict_heap.counts()["events"] == 2 * count
    counts.update(events=2 * count, requests=strict_heap.counts()["requests"], refused=0)


def test_rate_limited_sync_says_how_to_share_the_limit(tmp_path: Path) -> None:
    with running(SandboxOptions(events_per_minute=1_500)) as heap:  # as if another process used the rest
        project = orders(tmp_path / "shop", heap, numbered("'u' || i", "o", 3_000))
        outcome = project.sync("--max-wait", "1")
        assert outcome.exit_code == 1
        assert project.results()["heap_orders"]["accepted"] == heap.counts()["events"] == 1_000
    [problem] = [line for line in outcome.stderr.splitlines() if line.startswith("heap_orders: Heap did not take")]
    assert "2,000 rows: Heap answered with status 429" in problem
    assert "give each its share of Heap's limit: --events-per-minute" in problem
    assert "run the same command again" in problem
