"""A warehouse with three models, a Heap, and runs of dbt-heap between them that are killed."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from dbt_heap.sandbox.server import Sandbox
from tests.chaos.history import COLUMNS, KEYS, KINDS, REJECTED, History, select
from tests.chaos.hooks import KillPoint
from tests.chaos.runner import Ended, Runner
from tests.chaos.wire import key_of
from tests.project import Project
from tests.warehouses import Engine

SYNCS = {kind: f"heap_{kind}" for kind in KINDS}
PROPERTIES = {
    "users": {"Plan": "plan", "Seats": "seats", "score": "score"},
    "accounts": {"Tier": "tier", "ARR": "arr"},
    "events": {"Order": "order_id", "Total": "total"},
}
SILENCE_SECONDS = 0.2
ACCEPTED_WITHOUT_ANSWER = "timeout-after:0.3"  # Heap accepts such a request, and the client gets no answer


@dataclass(frozen=True)
class KillPlan:
    """When to kill a run: at a step, after some seconds, or after some requests. By default, never."""

    at: KillPoint | None = None
    after_seconds: float | None = None
    after_requests: int | None = None
    unanswered: bool = False  # whether some requests get no answer

    def __str__(self) -> str:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{name} {value}" for name, value in values.items() if value)


@dataclass(frozen=True)
class Sent:
    """What one run sent to Heap: how often each record, by kind and key."""

    records: dict[str, dict[str, int]]
    rows: dict[str, dict[str, Any]]  # the models at that time


@dataclass
class World:
    """One history in one warehouse. Heap has nothing else under `app_id`."""

    runner: Runner
    heap: Sandbox
    project: Project
    history: History
    app_id: str
    blank: frozenset[str]  # kinds of objects whose nulls are sent as blanks
    sent: list[Sent] = field(default_factory=list)
    _seen: int = 0
    _built: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Rebuild the models whose rows changed, as `dbt run` does."""
        for kind in KINDS:
            if self._built.get(kind) != (built := select(kind, self.history.now[kind])):
                self.project.table(SYNCS[kind], built)
                self._built[kind] = built

    def run(self, how: KillPlan | None = None) -> Ended:
        """Run `dbt-heap sync`, kill it if asked to, and record what it sent."""
        how = how or KillPlan()
        self.heap.misbehave(ACCEPTED_WITHOUT_ANSWER if how.unanswered else "", self.history.seed)
        ended = self.runner.sync(
            self.project.folder,
            self.project.environment,
            kill_point=how.at,
            kill_after=how.after_seconds,
            kill_when=self._arrives(how.after_requests) if how.after_requests else None,
        )
        self.heap.misbehave("")
        if ended.killed:
            self.heap.drain()
        self.sent.append(Sent(self._arrived(), deepcopy(self.history.now)))
        return ended

    def _arrives(self, requests: int) -> Callable[[], bool]:
        """Return a check for enough new requests, or for a pause after the first of them."""
        begin = newest = self.heap.counts()["requests"]
        changed_at = time.monotonic()

        def arrived() -> bool:
            nonlocal newest, changed_at
            now = self.heap.counts()["requests"]
            if now != newest:
                newest, changed_at = now, time.monotonic()
            silent = newest > begin and time.monotonic() - changed_at > SILENCE_SECONDS
            return silent or newest >= begin + requests

        return arrived

    def _arrived(self) -> dict[str, dict[str, int]]:
        """Return how often each record came since the last call, by kind and key."""
        requests = self.heap.requests(self.app_id, bodies=True)[self._seen :]
        self._seen += len(requests)
        arrived: dict[str, dict[str, int]] = {kind: defaultdict(int) for kind in KINDS}
        for body in (json.loads(request["body"]) for request in requests):
            for kind in KINDS:
                for record in body.get(kind, ()):
                    arrived[kind][key_of(kind, record)] += 1
        return arrived


def create(
    folder: Path, engine: Engine, heap: Sandbox, runner: Runner, history: History, *, app_id: str, blank: str
) -> World:
    """Return a world before its first sync."""
    project = Project(folder, heap.url, engine, app_id=app_id)
    blocks: dict[str, dict[str, Any]] = {
        "users": {"type": "user_properties", "identity": "user_id"},
        "accounts": {"type": "account_properties", "account_id": "account_id"},
        "events": {"type": "events", "identity": "user_id", "event_name": "Order", "timestamp": "placed_at",
                   "unique_key": "order_id"},
    }  # fmt: skip
    for kind, block in blocks.items():
        nulls = {"nulls": "blank"} if kind == blank else {}
        declared = {**block, **nulls, "properties": PROPERTIES[kind], "allow_rejected": len(REJECTED[kind])}
        project.declare(SYNCS[kind], declared, columns=[KEYS[kind], *COLUMNS[kind]])
    project.write()
    world = World(runner, heap, project, history, app_id, frozenset({blank}))
    world.build()
    return world
