"""SIGINT and SIGTERM: requests in flight finish, their answers are saved, and nothing is lost."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import HANGS_SECONDS, Project, wait_for_requests
from tests.warehouse.users import many_users
from tests.warehouses import Engine

ROWS = 8_000
STOPPING = "Stopping after the requests in flight"


@pytest.fixture
def users(tmp_path: Path, own_heap: Sandbox, engine: Engine) -> Project:
    """Eight batches of users, never synced."""
    project = Project(tmp_path, own_heap.url, engine)
    many_users(project, ROWS)
    project.table("heap_orders", "select 1 as order_id, 'u1' as user_id")
    project.declare(
        "heap_orders", {"type": "events", "identity": "user_id", "unique_key": "order_id", "event_name": "Order"}
    )
    project.write()
    return project


def interrupted(
    project: Project, heap: Sandbox, first: signal.Signals, second: signal.Signals | None = None
) -> subprocess.CompletedProcess[str]:
    """A sync by a process of its own that gets a signal while it waits for Heap's second answer, and another then."""
    heap.hold(after=1)
    with project.start_sync("--in-flight", "1", "--request-timeout", "60") as process:
        assert process.stdout and process.stderr
        wait_for_requests(heap, 2, process)
        process.send_signal(first)
        said = process.stderr.readline()
        while STOPPING not in said:
            said += process.stderr.readline()
            assert process.poll() is None, said
        if second:
            process.send_signal(second)
            process.wait(timeout=HANGS_SECONDS)
        heap.release()
        said += process.stderr.read()
        code = process.wait(timeout=HANGS_SECONDS)
        return subprocess.CompletedProcess(process.args, code, process.stdout.read(), said)


def identities(heap: Sandbox) -> list[str]:
    """Return the users of all requests so far, in order."""
    bodies: list[dict[str, Any]] = [json.loads(request["body"]) for request in heap.requests(bodies=True)]
    return [record["identity"] for body in bodies for record in body.get("users", [])]


@pytest.mark.parametrize(
    ("engine", "number"), [("duckdb", signal.SIGINT), ("postgres", signal.SIGTERM)], indirect=["engine"], ids=str
)
def test_signal_ends_a_run_cleanly(users: Project, own_heap: Sandbox, number: signal.Signals) -> None:
    ran = interrupted(users, own_heap, number)
    assert ran.returncode == 1, ran.stderr
    assert STOPPING in ran.stderr
    results = users.results()
    assert (results["heap_users"]["status"], results["heap_orders"]["status"]) == ("partial", "skipped")
    assert results["heap_users"]["accepted"] == len(own_heap.users()) < ROWS
    assert results["heap_users"]["undelivered"] == ROWS - len(own_heap.users())
    assert users.sync().exit_code == 0
    assert sorted(identities(own_heap)) == sorted(f"u{number}" for number in range(1, ROWS + 1))


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_second_signal_ends_it_at_once_and_safely(users: Project, own_heap: Sandbox) -> None:
    ran = interrupted(users, own_heap, signal.SIGINT, signal.SIGINT)
    assert ran.returncode == -signal.SIGINT
    assert "Traceback" not in ran.stderr
    assert users.sync().exit_code == 0
    sent = identities(own_heap)
    assert {f"u{number}" for number in range(1, ROWS + 1)} == set(sent)
    assert len(sent) - ROWS <= 2000  # the request in flight, and the one whose answer was not saved yet
    assert users.sync().exit_code == 0
    assert len(identities(own_heap)) == len(sent)
