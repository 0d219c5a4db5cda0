"""Two runs of one sync at the same time: one works, the other names it. A run that lost its lock stops."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.lock import LEASE_SECONDS
from tests.long import LONG
from tests.project import HANGS_SECONDS, Project, wait_for_requests, wait_until
from tests.warehouse.users import many_users
from tests.warehouses import Engine, on_every_engine

ROWS = 12_000
ROUNDS = 50 if LONG else 1
LONGER_THAN_A_LEASE = LEASE_SECONDS + 60
LONG_TIMEOUT = ("--request-timeout", "60")  # so a held answer does not time out

# `dbt-heap sync` that loads everything and starts when it reads a line.
START_ON_INPUT = (
    "-c", "import dbt_heap.cli.sync; from dbt_heap.__main__ import main; print('ready', flush=True); input(); main()",
)  # fmt: skip

# `dbt-heap sync` whose clock advances by the seconds in the file `later`, as if the machine had slept.
LATE_CLOCK = """
import time
from pathlib import Path
from types import SimpleNamespace
from dbt_heap.state import lock
later = Path(__import__("sys").argv[3]) / "later"
lock.time = SimpleNamespace(time=lambda: time.time() + (float(later.read_text()) if later.exists() else 0.0))
from dbt_heap.__main__ import main
main()
"""


@pytest.fixture
def users(tmp_path: Path, own_heap: Sandbox, engine: Engine) -> Project:
    """Return a project with twelve batches of users, never synced."""
    project = Project(tmp_path, own_heap.url, engine)
    many_users(project, ROWS)
    project.write()
    return project


def started_and_held(project: Project, heap: Sandbox) -> subprocess.Popen[str]:
    """Start a run that gets one answer and waits for the next."""
    heap.hold(after=1)
    process = project.start_sync("--in-flight", "1", *LONG_TIMEOUT, program=("-c", LATE_CLOCK))
    wait_for_requests(heap, 2, process)
    return process


def paused_past_its_lease(project: Project, heap: Sandbox) -> subprocess.Popen[str]:
    """Stop such a run on Postgres until its lease has ended and its answer has come."""
    process = started_and_held(project, heap)
    wait_until(lambda: is_waiting(project), process)
    process.send_signal(signal.SIGSTOP)
    (project.folder / "later").write_text(str(LONGER_THAN_A_LEASE))
    for table in ["sync_log", *(name for name in project.state_tables() if name.startswith(("lock_", "acked_")))]:
        project.state(f'update state.{table} set "at" = "at" - interval \'{LONGER_THAN_A_LEASE} seconds\'')
    heap.release()
    return process


def is_waiting(project: Project) -> bool:
    """Return whether a run has saved its first answer and is idle in Postgres."""
    acked = [name for name in project.state_tables() if name.startswith("acked_")]
    busy = project.sql(
        "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and state <> 'idle'"
    )
    return bool(acked) and not busy and project.state(f"select count(*) from state.{acked[0]}") != [(0,)]


def sent(heap: Sandbox) -> list[str]:
    """Return the users of all requests so far."""
    return [
        record["identity"] for request in heap.requests(bodies=True) for record in json.loads(request["body"])["users"]
    ]


def run_both_at_once(project: Project, heap: Sandbox, *arguments: str) -> None:
    """Start two runs at once. One works, and the other names it before that one ends."""
    heap.hold()
    pair = [project.start_sync("--in-flight", "3", *LONG_TIMEOUT, *arguments, program=START_ON_INPUT) for _ in range(2)]
    for process in pair:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in pair:
        assert process.stdin
        print(file=process.stdin, flush=True)
    while all(process.poll() is None for process in pair):
        time.sleep(0.02)
    heap.release()
    ended = [(process, process.communicate(timeout=HANGS_SECONDS)[1]) for process in pair]
    assert sorted(process.returncode for process, _ in ended) == [0, 2], [said for _, said in ended]
    said = next(said for process, said in ended if process.returncode == 2)
    other = next(process.pid for process, _ in ended if process.returncode == 0)
    assert re.search(rf"process {other}\b", said), said


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_two_simultaneous_first_runs_may_both_create_the_state(users: Project, own_heap: Sandbox) -> None:
    for _ in range(ROUNDS):
        run_both_at_once(users, own_heap)
        users.sql(f"drop schema {users.state_schema} cascade")


@on_every_engine
def test_second_of_two_simultaneous_runs_names_the_first(users: Project, own_heap: Sandbox) -> None:
    for _ in range(ROUNDS):
        run_both_at_once(users, own_heap, "--resync")
    assert len(sent(own_heap)) == ROUNDS * ROWS


@on_every_engine
def test_concurrent_run_may_skip(users: Project, own_heap: Sandbox) -> None:
    own_heap.hold()
    first = users.start_sync("--in-flight", "1", *LONG_TIMEOUT)
    wait_for_requests(own_heap, 1, first)
    second = users.start_sync("--if-running", "skip")
    said = second.communicate(timeout=HANGS_SECONDS)[1]
    assert re.search(rf"heap_users: .*\bprocess {first.pid}\b", said), said
    assert second.returncode == 0
    own_heap.release()
    first.communicate(timeout=HANGS_SECONDS)
    assert first.returncode == 0
    assert sorted(sent(own_heap)) == sorted(f"u{number}" for number in range(1, ROWS + 1))


@on_every_engine
def test_lock_of_a_killed_run_is_taken_over_at_once(users: Project, own_heap: Sandbox) -> None:
    own_heap.hold(after=2)
    first = users.start_sync()
    wait_for_requests(own_heap, 3, first)
    first.kill()
    first.communicate()
    own_heap.release()
    own_heap.drain()
    assert users.sync().exit_code == 0
    assert {user["identity"] for user in own_heap.users()} == {f"u{number}" for number in range(1, ROWS + 1)}
    requests = len(own_heap.requests())
    assert users.sync().exit_code == 0
    assert len(own_heap.requests()) == requests


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_run_paused_past_its_lease_stops_sending_and_committing(users: Project, own_heap: Sandbox) -> None:
    paused = paused_past_its_lease(users, own_heap)
    successor = users.start_sync()
    said = successor.communicate(timeout=HANGS_SECONDS)[1]
    assert successor.returncode == 0, said
    requests = len(own_heap.requests())
    log = users.state("select * from state.sync_log order by entry")
    paused.send_signal(signal.SIGCONT)
    said = paused.communicate(timeout=HANGS_SECONDS)[1]
    assert paused.returncode == 2, said
    assert re.search(r"paused for \d+ seconds|took over|refused", said), said
    assert len(own_heap.requests()) == requests
    assert users.state("select * from state.sync_log order by entry") == log
    assert users.sync().exit_code == 0
    assert len(own_heap.requests()) == requests


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_run_that_lost_its_lock_leaves_the_next_runs_lock(users: Project, own_heap: Sandbox) -> None:
    paused = paused_past_its_lease(users, own_heap)
    own_heap.hold(after=1)
    successor = users.start_sync("--in-flight", "1", *LONG_TIMEOUT)
    wait_for_requests(own_heap, len(own_heap.requests()) + 2, successor)
    paused.send_signal(signal.SIGCONT)
    said = paused.communicate(timeout=HANGS_SECONDS)[1]
    assert paused.returncode == 2, said
    third = users.sync()
    assert third.exit_code == 2
    assert f"process {successor.pid} " in third.stderr
    own_heap.release()
    said = successor.communicate(timeout=HANGS_SECONDS)[1]
    assert successor.returncode == 0, said


@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
def test_paused_run_keeps_its_duckdb_file_open_and_is_named(users: Project, own_heap: Sandbox) -> None:
    paused = started_and_held(users, own_heap)
    paused.send_signal(signal.SIGSTOP)
    try:
        outcome = users.sync()
        assert outcome.exit_code == 2
        assert re.search(rf"in use by the process {paused.pid}\b, running since 20\d\d-", outcome.stderr)
    finally:
        own_heap.release()
        paused.send_signal(signal.SIGCONT)
    paused.communicate(timeout=HANGS_SECONDS)
    assert paused.returncode in (0, 2)
