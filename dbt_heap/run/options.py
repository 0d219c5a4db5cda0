"""The options of a run, and the observer that follows it."""

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
    """The options of `dbt-heap sync`."""

    compare: DiffOptions = field(default_factory=DiffOptions)
    resync: bool = False
    first_sync: bool = False
    allow_large: frozenset[str] = frozenset()
    max_minutes: float | None = None
    skip_running: bool = False  # --if-running skip
    fail_fast: bool = False
    gate: bool = True  # block models whose build or tests failed; False is --no-gate
    built: bool = False  # send only what dbt has built since, as its hooks recorded
    consent: Callable[[str], bool] | None = None  # called with a question before Heap deletes; None: delete nothing
    in_flight: int = IN_FLIGHT
    request_timeout: float = TIMEOUT_SECONDS  # seconds for one attempt of a request
    max_wait: float = MAX_WAIT_SECONDS  # seconds to retry a request that failed
    minute: float = MINUTE_SECONDS  # how long a minute of Heap's rate limits lasts, in seconds
    stop: Callable[[], bool] = lambda: False  # called at least twice a second while rows are sent

    def deadline(self, started: float) -> float:
        """Return when a run stops sending, in seconds since the epoch."""
        return float("inf") if self.max_minutes is None else started + 60 * self.max_minutes


class Observer(Protocol):
    """Follows a run, for example to print its progress. Its methods must not raise."""

    def warn(self, text: str) -> None:
        """Receive a warning."""

    def note(self, text: str) -> None:
        """Receive something to know, if there is nothing to fix."""

    def started(self, sync: Sync) -> None:
        """Receive a sync that starts."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Receive a sync's plan, and how many rows per minute Heap takes if that limits the sync."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """Receive how many more rows were accepted and rejected."""

    def ended(self, result: SyncResult) -> None:
        """Receive the result of a sync that ended."""


class NullObserver:
    """Ignores all events."""

    def warn(self, text: str) -> None:
        """Ignore the event."""

    def note(self, text: str) -> None:
        """Ignore the event."""

    def started(self, sync: Sync) -> None:
        """Ignore the event."""

    def planned(self, plan: Plan, per_minute: int | None) -> None:
        """Ignore the event."""

    def advanced(self, sync: Sync, accepted: int, rejected: int) -> None:
        """Ignore the event."""

    def ended(self, result: SyncResult) -> None:
        """Ignore the event."""
