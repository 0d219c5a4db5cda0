"""Records that Heap refuses, among a thousand in one request: exactly they are rejected, in few requests more."""

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

EVERYBODY = [f"u{number}" for number in range(MAX_BATCH)]


@pytest.fixture(scope="module", params=[True, False], ids=["named", "unnamed"])
def named(request: pytest.FixtureRequest) -> bool:
    """Whether Heap's 400 names the first bad record."""
    return bool(request.param)


@pytest.fixture(scope="module")
def refusing_heap(named: bool) -> Iterator[Sandbox]:
    """A Heap that takes all but whom it is told to refuse."""
    with running(SandboxOptions(rate_limits=False, bad_request_index=named)) as sandbox:
        yield sandbox


@pytest.fixture
def users(tmp_path: Path, refusing_heap: Sandbox, engine: Engine) -> Project:
    """A batch of users, never synced."""
    refusing_heap.reset()
    refusing_heap.refuse()
    project = Project(tmp_path, refusing_heap.url, engine)
    project.table("heap_users", f"select 'u' || i as user_id, 1 as seats from range({MAX_BATCH}) as t(i)")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["seats"]})
    return project


def most_requests(guilty: int, *, named: bool) -> float:
    """As docs/explanation/delivery.md states it."""
    return 1 + guilty * (3 if named else 2 * (math.log2(MAX_BATCH / max(guilty, 1)) + 2))


def refuse(heap: Sandbox, count: int) -> set[str]:
    """Has Heap refuse so many users, wherever they stand."""
    guilty = set(Random(count).sample(EVERYBODY, count))
    heap.refuse(*guilty)
    return guilty


@pytest.mark.parametrize("count", [0, 1, 2, 500, 1_000])
def test_exactly_the_bad_records_are_rejected(
    users: Project, refusing_heap: Sandbox, named: bool, counts: Counter[str], count: int
) -> None:
    guilty = refuse(refusing_heap, count)
    assert users.sync().exit_code == (1 if count else 0)
    told = users.results()["heap_users"]
    expected = {"planned": MAX_BATCH, "accepted": MAX_BATCH - count, "rejected": count, "undelivered": 0}
    assert {name: told[name] for name in expected} == expected
    assert told["status"] == ("rejected" if count else "success")
    assert {user["identity"] for user in refusing_heap.users()} == set(EVERYBODY) - guilty
    assert {key for (key,) in users.state("select key from state.rejects")} == guilty
    requests = refusing_heap.counts()["requests"]
    assert told["requests"] == requests <= most_requests(count, named=named)
    counts.update(guilty=count, extra_requests=requests - 1)

    assert users.sync().exit_code == (1 if count else 0)
    assert (users.results()["heap_users"]["planned"], users.results()["heap_users"]["still_rejected"]) == (0, count)
    assert refusing_heap.counts()["requests"] == requests


def test_hundreds_of_rejects_are_sent_again_when_changed_or_asked_for(users: Project, refusing_heap: Sandbox) -> None:
    guilty = refuse(refusing_heap, 300)
    users.sync()
    mended = sorted(guilty)[:100]
    refusing_heap.refuse(*guilty.difference(mended))
    users.sql(f"update heap_users set seats = 2 where user_id in ({', '.join(map(repr, mended))})")
    assert users.sync().exit_code == 1
    told = users.results()["heap_users"]
    assert (told["planned"], told["accepted"], told["still_rejected"]) == (100, 100, 200)
    assert {key for (key,) in users.state("select key from state.rejects")} == guilty.difference(mended)

    refusing_heap.refuse()
    assert users.sync("--retry-rejected").exit_code == 0
    assert users.results()["heap_users"]["accepted"] == 200
    assert users.state("select count(*) from state.rejects") == [(0,)]
    seats = {user["identity"]: user["properties"]["seats"] for user in refusing_heap.users()}
    assert seats == {identity: 2 if identity in mended else 1 for identity in EVERYBODY}
