"""Whoever watches a run: a console, a test, nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from dbt_heap.delivery.results import SyncResult
from dbt_heap.delivery.throttle import MINUTE_SECONDS
from dbt_heap.heap.client import IN_FLIGHT
from dbt_heap.http.retry import MAX_WAIT_SECONDS
from dbt_heap.http.sessions import TIMEOUT_SECONDS
from dbt_heap.state.plan import DiffOptions, Plan
from dbt_heap.syncs.sync import Sync


@dataclass(frozen=True)
class SyncOptions:
    """What the flags of `dbt-heap sync` ask for."""

    compare: DiffOptions = field(default_factory=DiffOptions)
    resync: bool = False
    first_sync: bool = False
    allow_large: frozenset[str] = frozenset()
    max_minutes: float | None = None
    skip_running: bool = False  # --if-running skip
    fail_fast: bool = False
    gate: bool = True  # not to send what was not built well: --no-gate
    built: bool = False  # only what dbt's hooks say was built since
    consent: Callable[[str], bool] | None = None  # asked in a sentence before Heap deletes; None: nothing is deleted
    in_flight: int = IN_FLIGHT
    request_timeout: float = TIMEOUT_SECONDS  # seconds that one try of a request may take
    max_wait: float = MAX_WAIT_SECONDS  # seconds that a request which failed is tried again
    minute: float = MINUTE_SECONDS  # how long a minute of Heap's rate limits lasts, in seconds
    stop: Callable[[], bool] = lambda: False  # asked at least twice a second while something is sent

    def deadline(self, started: float) -> float:
        """Return when a run that started then stops sending, in seconds since the epoch."""
        return float("inf") if self.max_minutes is None else started + 60 * self.max_minutes


class Observer(Protocol):
    """Is told what happens while it happens; it may print, and must not raise."""

    def warn(self, text: str) -> None:
        """Something is to be known before anything is sent."""

    def note(self, text: str) -> None:
        """The same, if there is nothing to fix."""

    def started(self, sync: Sync) -> None:
        """A sync's turn begins."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """It is known what will be sent, and how many rows a minute Heap takes, where that rules the time."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """So many more rows have their fate."""

    def ended(self, result: SyncResult) -> None:
        """A sync's turn is over."""


class NullObserver:
    """Watches nothing."""

    def warn(self, text: str) -> None:
        """Ignore the event."""

    def note(self, text: str) -> None:
        """Ignore the event."""

    def started(self, sync: Sync) -> None:
        """Looks away."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Looks away."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """Looks away."""

    def ended(self, result: SyncResult) -> None:
        """Looks away."""
