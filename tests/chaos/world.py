"""A company: a warehouse with three models, a Heap, and dbt-heap between them, which dies again and again."""

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
from tests.chaos.hooks import Death
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
UNANSWERED = "timeout-after:0.3"  # such a request is taken, and nobody hears of it


@dataclass(frozen=True)
class Dying:
    """How a run dies: at a step, after some seconds, or when Heap has got some requests; not at all by default."""

    at: Death | None = None
    after_seconds: float | None = None
    after_requests: int | None = None
    unanswered: bool = False  # some of the requests

    def __str__(self) -> str:
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{name} {value}" for name, value in told.items() if value)


@dataclass(frozen=True)
class Sent:
    """What one run brought to Heap: the records by key, as often as they came."""

    records: dict[str, dict[str, int]]
    rows: dict[str, dict[str, Any]]  # the models at that time


@dataclass
class World:
    """One history in one warehouse; `Heap` holds nothing else under `app_id`."""

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
        """What `dbt run` does, for the models whose rows have changed."""
        for kind in KINDS:
            if self._built.get(kind) != (built := select(kind, self.history.now[kind])):
                self.project.table(SYNCS[kind], built)
                self._built[kind] = built

    def run(self, how: Dying | None = None) -> Ended:
        """`dbt-heap sync`, which may have to die, and what it sent is noted."""
        how = how or Dying()
        self.heap.misbehave(UNANSWERED if how.unanswered else "", self.history.seed)
        ended = self.runner.sync(
            self.project.folder,
            self.project.environment,
            death=how.at,
            kill_after=how.after_seconds,
            kill_when=self._arrives(how.after_requests) if how.after_requests else None,
        )
        self.heap.misbehave("")
        if ended.killed:
            self.heap.drain()
        self.sent.append(Sent(self._arrived(), deepcopy(self.history.now)))
        return ended

    def _arrives(self, requests: int) -> Callable[[], bool]:
        """Report when so many more requests have come, or when none has for a while although there were some."""
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
        """The records that came since this was last asked, as often as they came, by kind and key."""
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
    """A world before its first sync."""
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
