"""A third of all requests fail in every possible way, and syncs still converge."""

from __future__ import annotations

import time
from collections import Counter
from itertools import count
from threading import local
from typing import Any

import pytest

from dbt_heap.delivery.throttle import MAX_FAILURES
from dbt_heap.heap.client import Heap
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.sandbox.server import Sandbox
from tests.chaos.checks import look
from tests.chaos.conftest import NewWorld
from tests.chaos.wire import Wire, wire
from tests.chaos.world import SYNCS, World
from tests.long import LONG
from tests.project import Project

KINDS = (
    "429", "429-date", "429-bare", "500", "502", "503", "504", "500-after", "slow", "timeout", "timeout-after",
    "reset", "reset-within", "reset-after", "truncated", "html", "html-after", "garbage",
)  # fmt: skip
SHARE = 0.3
HOSTILE = ",".join(f"{kind}:{SHARE / len(KINDS):.4f}" for kind in KINDS)
ANSWERED = ",".join(f"{kind}:0.05" for kind in ("429", "429-bare", "500", "503", "reset", "html-after"))

TIMEOUT_SECONDS = 1.5
SHORT_WAIT, LONG_WAIT = 0.5, 4.0  # the first is shorter than any Retry-After of the sandbox
CASES = [("duckdb", LONG_WAIT), ("duckdb", SHORT_WAIT), ("postgres", SHORT_WAIT)]
DAYS = 40 if LONG else 2
SIZES = {"users": 800, "accounts": 300, "events": 700}
MAX_RUNS = 20
CEILING_SECONDS = 300.0  # for one run: far more than its requests can take together


@pytest.mark.parametrize(("engine", "max_wait"), CASES)
def test_syncs_to_a_hostile_heap_converge(
    new_world: NewWorld, counts: Counter[str], engine: str, max_wait: float
) -> None:
    world = new_world(engine, 3, SIZES)
    seeds = count()
    for _ in range(DAYS):
        world.history.edit()
        world.build()
        for run in range(MAX_RUNS):
            code, received = synced(world, HOSTILE, next(seeds), max_wait)
            counts.update(runs=1, requests=received.requests, faults=received.faults.total(), again=run > 0)
            if code == 0:
                break
        findings = look(world)
        assert (code, findings.wrong) == (0, ())
        counts.update(compared=findings.compared, losses=len(findings.losses), duplicates=len(findings.duplicates))
    assert synced(world, "", 0, max_wait)[1].requests == 0


def synced(world: World, faults: str, seed: int, max_wait: float) -> tuple[int, Wire]:
    """Sync in a new process, compare its results with the sandbox, and return exit code and requests."""
    since = world.heap.counts()["requests"]
    world.heap.misbehave(faults, seed)
    ended = world.runner.sync(
        world.project.folder, world.project.environment,
        "--request-timeout", str(TIMEOUT_SECONDS), "--max-wait", str(max_wait),
    )  # fmt: skip
    world.heap.misbehave("")
    received, results = wire(world.heap, since), world.project.results()
    for kind, name in SYNCS.items():
        check_counts(results[name], received, kind)
    undelivered = any(each["undelivered"] for each in results.values())
    assert ended.code == (1 if undelivered else 0), ended.stderr
    assert not undelivered or "run the same command again" in ended.stderr
    assert ended.seconds < CEILING_SECONDS
    return ended.code, received


def check_counts(results: dict[str, Any], received: Wire, kind: str) -> None:
    """Check that counts add up and that accepted rows were acknowledged; a slow answer may come too late."""
    assert results["accepted"] + results["rejected"] + results["undelivered"] == results["planned"]
    assert (results["status"] == "undelivered") == bool(results["undelivered"])
    assert results["accepted"] <= len(received[kind].accepted) <= len(received[kind].taken)
    assert len(received[kind].sent) <= results["planned"]


class Waits:
    """Record how long each request would wait, instead of waiting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.of_requests: list[list[float]] = []
        self._now = local()
        send, retry = Heap.send, BoundedRetry.of
        monkeypatch.setattr(Heap, "send", lambda heap, *arguments: send(self._begin(heap), *arguments))
        monkeypatch.setattr(BoundedRetry, "of", lambda *waits: retry(*waits, sleep=self._note))

    def _begin(self, heap: Heap) -> Heap:
        self._now.waits = []
        self.of_requests.append(self._now.waits)
        return heap

    def _note(self, seconds: float) -> None:
        self._now.waits.append(seconds)


@pytest.fixture
def syncs(project: Project, known_macros: None) -> Project:
    """Return a project with two syncs of users and one of events, never run."""
    for name, property_name in (("heap_users", "seats"), ("heap_people", "age")):
        project.table(name, f"select 'u' || i as user_id, i as {property_name} from generate_series(1, 12000) as t(i)")
        project.declare(name, {"type": "user_properties", "identity": "user_id", "properties": [property_name]})
    project.table(
        "heap_orders", "select 'o' || i as order_id, 'u' || i as user_id from generate_series(1, 6000) as t(i)"
    )
    events = {"type": "events", "identity": "user_id", "event_name": "Order", "unique_key": "order_id"}
    project.declare("heap_orders", {**events, "properties": ["order_id"]})
    return project


@pytest.mark.parametrize(
    ("faults", "max_wait"), [(ANSWERED, 120.0), ("503:1", 300.0), ("429-date:1", 120.0), ("reset:1", 120.0)]
)
def test_no_request_waits_longer_than_max_wait(
    syncs: Project, heap: Sandbox, monkeypatch: pytest.MonkeyPatch, faults: str, max_wait: float
) -> None:
    waits = Waits(monkeypatch)
    heap.misbehave(faults, seed=4)
    syncs.sync("--max-wait", str(max_wait), "--in-flight", "2")
    assert max(map(sum, waits.of_requests)) <= max_wait + 0.001
    if faults != ANSWERED:
        stopped = MAX_FAILURES + 2  # the last of them in flight while the breaker opens
        assert sum(map(sum, waits.of_requests)) <= 2 * stopped * max_wait  # users and events


def test_few_requests_and_no_loss_while_heap_stays_down(syncs: Project, heap: Sandbox) -> None:
    heap.misbehave("503:1")
    outcome = syncs.sync("--max-wait", "0", "--in-flight", "1")
    assert outcome.exit_code == 1
    assert [request["path"] for request in heap.requests()] == ["/api/add_user_properties"] * 3 + ["/api/track"] * 3
    results = syncs.results()
    assert {each["status"] for each in results.values()} == {"undelivered"}
    assert {name: each["undelivered"] for name, each in results.items()} == {
        "heap_users": 12_000, "heap_people": 12_000, "heap_orders": 6_000,
    }  # fmt: skip
    for each in results.values():
        assert each["planned"] == each["undelivered"]
    said = "Heap did not take {} rows: Heap answered with status 503. Nothing is lost: run the same command again."
    assert outcome.stderr.splitlines()[-2:] == [  # one cause is reported once
        f"heap_people, heap_users: {said.format('12,000')}", f"heap_orders: {said.format('6,000')}",
    ]  # fmt: skip

    heap.misbehave("")
    assert syncs.sync().exit_code == 0
    assert {name: each["accepted"] for name, each in syncs.results().items()} == {
        name: each["planned"] for name, each in results.items()
    }
    assert heap.counts()["events"] == 6_000


@pytest.mark.parametrize("status", [401, 403, 404])
def test_delivery_stops_at_once_if_heap_redirects(syncs: Project, heap: Sandbox, status: int) -> None:
    heap.misbehave(f"{status}:1")
    began = time.monotonic()
    outcome = syncs.sync("--in-flight", "1")
    assert time.monotonic() - began < CEILING_SECONDS
    assert outcome.exit_code == 1
    assert [request["path"] for request in heap.requests()] == ["/api/add_user_properties", "/api/track"]
    assert {each["status"] for each in syncs.results().values()} == {"undelivered"}
    hint = f"Heap answered with status {status} (check HEAP_BASE_URL, the region, and the network between you and Heap)"
    assert outcome.stderr.count(hint) == 2  # once for both syncs of users, which have one cause
