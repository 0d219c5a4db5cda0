"""Output for people during a run, and for programs that read its log."""

from __future__ import annotations

import io
import json
import re

import pytest

from dbt_heap.cli.console import LINE_SECONDS, Console
from dbt_heap.cli.progress import Bars, SyncProgress, time_left
from dbt_heap.cli.streams import Terminal
from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import Sync
from tests.unit.declaring import declared, one

(USERS,) = declared(one("type: user_properties, identity: id, properties: [plan]", "[{name: plan}]")).syncs


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen(io.StringIO):
    """A terminal that keeps all that was ever written to it."""

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.getvalue())


@pytest.fixture
def clock() -> Clock:
    return Clock()


def plan(sync: Sync = USERS, *, rows: int = 10_000, rejected: int = 0) -> Plan:
    """So many new rows, and so many that the plan itself rejects."""
    return Plan(
        sync=sync, columns=(), first=True, sendable=rows, new=rows, rejected=rejected, still_rejected=0,
        skipped=0, deleted=0, batches=10, properties={}, new_properties=(), reasons={},
    )  # fmt: skip


def result(status: Status = Status.SUCCESS, accepted: int = 10_000, rejected: int = 0) -> SyncResult:
    planned = accepted + rejected
    return SyncResult(
        USERS.name, "user_properties", USERS.model.unique_id, status, planned=planned, accepted=accepted,
        rejected=rejected, requests=10, seconds=4.2,
    )  # fmt: skip


def watched(
    console: Console, clock: Clock, groups: list[tuple[float, int, int]], per_minute: int | None = None
) -> None:
    """A sync whose outcomes arrive in groups: seconds after the previous one, accepted, rejected."""
    with console:
        console.started(USERS)
        console.planned(plan(), per_minute)
        for seconds, accepted, rejected in groups:
            clock.now += seconds
            console.advanced(USERS, accepted, rejected)
        console.ended(result())


def test_without_a_terminal_progress_is_a_line_every_half_minute(clock: Clock) -> None:
    stream = io.StringIO()
    watched(Console(stream=stream, clock=clock), clock, [(5, 1_000, 0), (LINE_SECONDS, 2_500, 0), (5, 500, 0)])
    assert stream.getvalue().splitlines() == [
        "m: 10,000 new, 0 changed",
        "m: 3,500 of 10,000 rows, 100 rows/s, 1:05 left",
        "m: success · 10,000 sent · 10 requests in 4.2 s",
    ]


def test_time_left_follows_heaps_rate_limit(clock: Clock) -> None:
    course = SyncProgress.of(plan(rows=150_000), 15_000, clock())
    assert time_left(course, clock()) == "10:00 left (Heap's rate limit)"
    clock.now += 60
    assert time_left(course.advanced(15_000, 0, clock()), clock()) == "9:00 left (Heap's rate limit)"
    assert time_left(course.advanced(7_500, 0, clock()), clock()).startswith("19:00 left")  # it is slower than that


def test_time_left_runs_down_between_two_groups(clock: Clock) -> None:
    course = SyncProgress.of(plan(), None, clock())
    assert time_left(course, clock()) == ""
    clock.now += 10
    course = course.advanced(2_000, 0, clock())
    assert time_left(course, clock()) == "0:40 left"
    assert time_left(course, clock() + 3) == "0:37 left"
    assert time_left(course, clock() + 99) == "0:00 left"
    assert time_left(SyncProgress.of(plan(rows=1_000_000), 9_000, 0.0), 0.0) == "1:51:06 left (Heap's rate limit)"


def test_terminal_shows_rows_rejects_rate_and_time_as_they_come(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    console = Console(stream=screen, clock=clock)
    with console:
        console.started(USERS)
        console.planned(plan(rows=9_998, rejected=2), None)
        clock.now += 10
        console.advanced(USERS, 1_995, 3)
        console.note("something else")
        console.ended(result())
    assert re.search(r"m ━+.* 2,000/10,000 200 rows/s 5 rejected 0:40 left", screen.text)
    assert "m: success · 10,000 sent · 10 requests in 4.2 s" in screen.text
    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l")  # the cursor is back


@pytest.mark.parametrize("width", [24, 44, 60, 80, 100, 200])
def test_bar_stays_on_one_line_however_narrow_the_terminal_is(clock: Clock, width: int) -> None:
    screen = Screen()
    bars = Bars(Terminal(file=screen, width=width, force_terminal=True, highlight=False), clock)
    course = SyncProgress("a_sync_with_a_name_that_is_long_and_longer", 1_000_000, 0, 15_000, clock(), clock())
    bars.begin(course.sync)
    bars.show(course.advanced(123_456, 7_890, clock() + 60))
    bars.start()
    bars.stop()
    lines = [line.strip() for line in re.split(r"[\r\n]+", screen.text) if line.strip()]
    assert all(len(line) <= width for line in lines), lines
    assert all("a_s" in line for line in lines), lines


def test_lines_of_json_have_the_shape_of_dbts_events(clock: Clock) -> None:
    stream = io.StringIO()
    console = Console(
        log_format="json", invocation_id="8c1f", extra={"TEAM": "growth"}, stream=stream, clock=clock
    )  # fmt: skip
    watched(console, clock, [(LINE_SECONDS, 5_000, 1)])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["info"]["name"] for line in lines] == ["SyncStarted", "SyncPlanned", "SyncProgress", "SyncEnded"]
    for line in lines:
        assert list(line["info"]) == [
            "category", "code", "extra", "invocation_id", "level", "msg", "name", "pid", "thread", "ts",
        ]  # fmt: skip
        assert (line["info"]["invocation_id"], line["info"]["extra"]) == ("8c1f", {"TEAM": "growth"})
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["info"]["ts"])
        assert line["data"]["node_info"] == {"unique_id": "model.shop.m"}
    progress, ended = lines[2]["data"], lines[3]["data"]
    assert (progress["planned"], progress["accepted"], progress["rejected"]) == (10_000, 5_000, 1)
    assert (ended["result"]["status"], ended["result"]["accepted"]) == ("success", 10_000)


def test_quiet_shows_no_progress_but_still_shows_what_to_do(clock: Clock) -> None:
    screen = Screen()
    console = Console(quiet=True, stream=screen, clock=clock)
    watched(console, clock, [(LINE_SECONDS, 5_000, 0)])
    console.warn("to know")
    assert screen.getvalue() == ""
    console.problem("to do")
    assert screen.text == "to do\n"
