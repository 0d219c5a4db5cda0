"""Bad records among a thousand in one request: only they are rejected, with few extra requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from dbt_heap.http.limits import MAX_BATCH
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import Project
from tests.warehouses import Engine

pytestmark = pytest.mark.usefixtures("known_macros")

ALL_USERS = [f"u{number}" for number in range(MAX_BATCH)]


@pytest.fixture(scope="module", params=[True, False], ids=["named", "unnamed"])
def named(request: pytest.FixtureRequest) -> bool:
    """Return whether Heap's 400 names the first bad record."""
    return bool(request.param)


@pytest.fixture(scope="module")
def refusing_heap(named: bool) -> Iterator[Sandbox]:
    """Run a Heap that refuses chosen users."""
    with running(SandboxOptions(rate_limits=False, bad_request_index=named)) as sandbox:
        yield sandbox


@pytest.fixture
def users(tmp_path: Path, refusing_heap: Sandbox, engine: Engine) -> Project:
    """Return a project with one batch of users, never synced."""
    refusing_heap.reset()
    refusing_heap.refuse()
    project = Project(tmp_path, refusing_heap.url, engine)
    project.table("heap_users", f"select 'u' || i as user_id, 1 as seats from range({MAX_BATCH}) as t(i)")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["seats"]})
    return project


def most_requests(bad: int, *, named: bool) -> float:
    """Return the maximum that docs/explanation/delivery.md states."""
    return 1 + bad * (3 if named else 2 * (math.log2(MAX_BATCH / max(bad, 1)) + 2))


def refuse(heap: Sandbox, count: int) -> set[str]:
    """Make Heap refuse `count` random users, and return them."""
    bad = set(Random(count).sample(ALL_USERS, count))
    heap.refuse(*bad)
    return bad


@pytest.mark.parametrize("count", [0, 1, 2, 500, 1_000])
def test_exactly_the_bad_records_are_rejected(
    users: Project, refusing_heap: Sandbox, named: bool, counts: Counter[str], count: int
) -> None:
    bad = refuse(refusing_heap, count)
    assert users.sync().exit_code == (1 if count else 0)
    results = users.results()["heap_users"]
    expected = {"planned": MAX_BATCH, "accepted": MAX_BATCH - count, "rejected": count, "undelivered": 0}
    assert {name: results[name] for name in expected} == expected
    assert results["status"] == ("rejected" if count else "success")
    assert {user["identity"] for user in refusing_heap.users()} == set(ALL_USERS) - bad
    assert {key for (key,) in users.state("select key from state.rejects")} == bad
    requests = refusing_heap.counts()["requests"]
    assert results["requests"] == requests <= most_requests(count, named=named)
    counts.update(bad=count, extra_requests=requests - 1)

    assert users.sync().exit_code == (1 if count else 0)
    assert (users.results()["heap_users"]["planned"], users.results()["heap_users"]["still_rejected"]) == (0, count)
    assert refusing_heap.counts()["requests"] == requests


def test_hundreds_of_rejects_are_sent_again_when_changed_or_asked_for(users: Project, refusing_heap: Sandbox) -> None:
    bad = refuse(refusing_heap, 300)
    users.sync()
    fixed = sorted(bad)[:100]
    refusing_heap.refuse(*bad.difference(fixed))
    users.sql(f"update heap_users set seats = 2 where user_id in ({', '.join(map(repr, fixed))})")
    assert users.sync().exit_code == 1
    results = users.results()["heap_users"]
    assert (results["planned"], results["accepted"], results["still_rejected"]) == (100, 100, 200)
    assert {key for (key,) in users.state("select key from state.rejects")} == bad.difference(fixed)

    refusing_heap.refuse()
    assert users.sync("--retry-rejected").exit_code == 0
    assert users.results()["heap_users"]["accepted"] == 200
    assert users.state("select count(*) from state.rejects") == [(0,)]
    seats = {user["identity"]: user["properties"]["seats"] for user in refusing_heap.users()}
    assert seats == {identity: 2 if identity in fixed else 1 for identity in ALL_USERS}
