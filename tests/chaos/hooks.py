"""Change a run inside its own process: set small limits, record its steps, and kill it at one of them.

A step is a statement in the warehouse or a request to Heap. Its name has the number of the sync, the kind of step, and
its number among steps of this kind in the sync: `1 append_entry planned 1`, `3 send 2`. The signal is SIGKILL.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from dbt.adapters.base.connections import BaseConnectionManager

from dbt_heap.heap.client import Heap
from dbt_heap.heap.deletion_client import HeapDeletions
from dbt_heap.state import comparison, session
from dbt_heap.warehouse.connection import Warehouse

BATCH_ROWS = 25
GROUP_BATCHES = 2
PAGE_ROWS = 150
IN_FLIGHT = 3

# Uncommitted: the statement has run and is not committed yet.
When = Literal["before", "uncommitted", "after"]


@dataclass(frozen=True)
class KillPoint:
    """The step at which a run is killed."""

    step: str
    when: When = "after"

    def __str__(self) -> str:
        return f"{self.when} {self.step!r}"


def small_limits() -> None:
    """Set limits so a few hundred rows make several pages, groups and batches."""
    comparison._BATCH_ROWS = BATCH_ROWS
    session._PAGE_ROWS = PAGE_ROWS
    deliveries = import_module("dbt_heap.run.deliveries")
    vars(deliveries)["DeliverySettings"] = functools.partial(deliveries.DeliverySettings, group_batches=GROUP_BATCHES)


def watch(note: Callable[[str], None], kill_point: KillPoint | None) -> None:
    """Record each step when it starts, and kill this process at `kill_point`."""
    steps = _Steps(note, kill_point)
    _watch_statements(steps)
    _watch_commits(steps)
    _watch_requests(steps)


class _Steps:
    """The steps of a run and their names."""

    def __init__(self, note: Callable[[str], None], kill_point: KillPoint | None) -> None:
        self.statement = ""  # the newest one
        self._note = note
        self._kill_point = kill_point
        self._sync = 0
        self._kind = ""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, kind: str) -> str:
        """Start a step and return its name."""
        with self._lock:
            self._sync += kind == "create_lock" and self._kind != "move_lock"  # after that, it is a retry
            self._kind = kind
            step = f"{self._sync} {kind}"
            self._counts[step] += 1
            step = f"{step} {self._counts[step]}"
            self._note(step)
            self.reach(step, "before")
            return step

    def reach(self, step: str, when: When) -> None:
        """Kill this process if this is the kill point."""
        if self._kill_point == KillPoint(step, when):
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # wait for the signal


def _watch_requests(steps: _Steps) -> None:
    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(heap: object, *arguments: Any) -> Any:
            step = steps.begin(method.__name__)
            answer = method(heap, *arguments)
            steps.reach(step, "after")
            return answer

        return watched

    Heap.send = around(Heap.send)  # type: ignore[method-assign]
    HeapDeletions.ask = around(HeapDeletions.ask)  # type: ignore[method-assign]
    HeapDeletions.progress = around(HeapDeletions.progress)  # type: ignore[method-assign]


def _watch_statements(steps: _Steps) -> None:
    written: list[str] = []  # the step of a log entry

    def around(method: Callable[..., Any]) -> Callable[..., Any]:
        def watched(warehouse: Warehouse, macro: str, *arguments: Any, **named: Any) -> Any:
            steps.statement = steps.begin(" ".join([macro, *written]))
            result = method(warehouse, macro, *arguments, **named)
            steps.reach(steps.statement, "after")
            return result

        return watched

    execute = Warehouse.execute

    def watched_execute(warehouse: Warehouse, macro: str, **arguments: Any) -> None:
        written[:] = [arguments["entry"]["step"]] if macro == "append_entry" else []
        execute(warehouse, macro, **arguments)
        written.clear()

    Warehouse._run = around(Warehouse._run)  # type: ignore[method-assign]
    Warehouse.fetch = around(Warehouse.fetch)  # type: ignore[method-assign]
    Warehouse.execute = watched_execute  # type: ignore[method-assign, assignment]


def _watch_commits(steps: _Steps) -> None:
    commit = BaseConnectionManager.commit_if_has_connection

    def watched(manager: BaseConnectionManager) -> None:
        steps.reach(steps.statement, "uncommitted")
        commit(manager)

    BaseConnectionManager.commit_if_has_connection = watched  # type: ignore[method-assign, assignment]
