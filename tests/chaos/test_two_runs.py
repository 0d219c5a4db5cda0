"""Two runs of one sync at one moment: one works, the other says who does; a run that lost its turn does no more."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.long import LONG
from tests.project import SLOW_HEAP_MS, Project, requested
from tests.warehouse.users import many_users
from tests.warehouses import Engine, on_every_engine

ROWS = 12_000
LEASE_SECONDS = 8  # half of it must be longer than this machine may stand still
HELD = "slow:1"  # the faults of a Heap that keeps a run busy for as long as they are set
ROUNDS = 50 if LONG else 1

# `dbt-heap sync` with a lease that a test can outwait.
SHORT_LEASE = f"""
import dbt_heap.cli.sync
from dbt_heap.ledger import locks
locks.LEASE_SECONDS = {LEASE_SECONDS}
from dbt_heap.__main__ import main
"""
AT_ONCE = ("-c", f"{SHORT_LEASE}\nmain()")
ON_A_WORD = ("-c", f"{SHORT_LEASE}\nprint('ready', flush=True)\ninput()\nmain()")  # all is loaded by then


@pytest.fixture
def users(tmp_path: Path, slow_heap: Sandbox, engine: Engine) -> Project:
    """Twelve batches of users, never synced."""
    project = Project(tmp_path, slow_heap.url, engine)
    many_users(project, ROWS)
    project.write()
    return project


def paused_while_it_waits(project: Project, heap: Sandbox) -> subprocess.Popen[str]:
    """A run that was stopped halfway between sending a request, the only one in flight, and having its answer."""
    process = project.begun("--in-flight", "1", program=AT_ONCE)
    requested(heap, 3, process)
    time.sleep(SLOW_HEAP_MS / 2_000)
    process.send_signal(signal.SIGSTOP)
    return process


def paused_past_its_lease(project: Project, heap: Sandbox) -> subprocess.Popen[str]:
    """A run that was stopped like that, for so long that another may take over."""
    process = paused_while_it_waits(project, heap)
    time.sleep(LEASE_SECONDS + 1)
    return process


def sent(heap: Sandbox) -> list[str]:
    """Whom all requests so far were about."""
    return [
        record["identity"] for request in heap.requests(bodies=True) for record in json.loads(request["body"])["users"]
    ]


def both_at_one_moment(project: Project, *arguments: str) -> None:
    """Two runs, of which one works and the other says who does."""
    pair = [project.begun("--in-flight", "3", *arguments, program=ON_A_WORD) for _ in range(2)]
    for process in pair:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in pair:
        assert process.stdin
        print(file=process.stdin, flush=True)
    ended = [(process, process.communicate(timeout=60)[1]) for process in pair]
    assert sorted(process.returncode for process, _ in ended) == [0, 2], [said for _, said in ended]
    said = next(said for process, said in ended if process.returncode == 2)
    other = next(process.pid for process, _ in ended if process.returncode == 0)
    assert re.search(rf"process {other}\b", said), said


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_of_two_first_runs_at_one_moment_both_may_make_the_state(users: Project) -> None:
    for _ in range(ROUNDS):
        both_at_one_moment(users)
        users.sql(f"drop schema {users.state_schema} cascade")


@on_every_engine
def test_of_two_runs_at_one_moment_one_works_and_the_other_says_who_does(users: Project, slow_heap: Sandbox) -> None:
    for _ in range(ROUNDS):
        both_at_one_moment(users, "--resync")
    assert len(sent(slow_heap)) == ROUNDS * ROWS


@on_every_engine
def test_a_run_beside_another_may_be_told_to_skip(users: Project, slow_heap: Sandbox) -> None:
    slow_heap.misbehave(HELD)
    first = users.begun("--in-flight", "1", program=AT_ONCE)
    requested(slow_heap, 1, first)
    second = users.begun("--if-running", "skip", program=AT_ONCE)
    said = second.communicate(timeout=60)[1]
    assert re.search(rf"heap_users: .*\bprocess {first.pid}\b", said), said
    assert second.returncode == 0
    slow_heap.misbehave("")
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert sorted(sent(slow_heap)) == sorted(f"u{number}" for number in range(1, ROWS + 1))


@on_every_engine
def test_the_lock_of_a_killed_run_is_taken_over_at_once(users: Project, slow_heap: Sandbox) -> None:
    first = users.begun(program=AT_ONCE)
    requested(slow_heap, 3, first)
    first.kill()
    first.communicate()
    assert users.sync().exit_code == 0
    assert {user["identity"] for user in slow_heap.users()} == {f"u{number}" for number in range(1, ROWS + 1)}
    requests = len(slow_heap.requests())
    assert users.sync().exit_code == 0
    assert len(slow_heap.requests()) == requests


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_run_paused_past_its_lease_sends_and_commits_nothing_more(users: Project, slow_heap: Sandbox) -> None:
    paused = paused_past_its_lease(users, slow_heap)
    heir = users.begun(program=AT_ONCE)
    said = heir.communicate(timeout=60)[1]
    assert heir.returncode == 0, said
    requests = len(slow_heap.requests())
    log = users.state("select * from state.sync_log order by entry")
    paused.send_signal(signal.SIGCONT)
    said = paused.communicate(timeout=60)[1]
    assert paused.returncode == 2, said
    assert re.search(r"paused for \d+ seconds|took over|refused", said), said
    assert len(slow_heap.requests()) == requests
    assert users.state("select * from state.sync_log order by entry") == log
    assert users.sync().exit_code == 0
    assert len(slow_heap.requests()) == requests


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_run_that_lost_its_turn_leaves_its_heirs_lock_alone(users: Project, slow_heap: Sandbox) -> None:
    paused = paused_past_its_lease(users, slow_heap)
    slow_heap.misbehave(HELD)
    heir = users.begun("--in-flight", "1", program=AT_ONCE)
    requested(slow_heap, len(slow_heap.requests()) + 2, heir)
    paused.send_signal(signal.SIGCONT)
    said = paused.communicate(timeout=60)[1]
    assert paused.returncode == 2, said
    third = users.sync()
    assert third.exit_code == 2
    assert f"process {heir.pid} " in third.stderr
    slow_heap.misbehave("")
    said = heir.communicate(timeout=60)[1]
    assert heir.returncode == 0, said


@pytest.mark.parametrize("engine", ["duckdb"], indirect=True)
def test_a_paused_run_holds_its_duckdb_file_and_is_named(users: Project, slow_heap: Sandbox) -> None:
    paused = paused_while_it_waits(users, slow_heap)
    try:
        outcome = users.sync()
        assert outcome.exit_code == 2
        assert re.search(rf"in use by the process {paused.pid}\b, at work since 20\d\d-", outcome.stderr)
    finally:
        paused.send_signal(signal.SIGCONT)
    paused.communicate(timeout=60)
    assert paused.returncode in (0, 2)
