"""What a run is told to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dbt_heap.heap import IN_FLIGHT, MAX_WAIT_SECONDS, TIMEOUT_SECONDS
from dbt_heap.ledger.plans import Options
from dbt_heap.pacing import MINUTE_SECONDS


@dataclass(frozen=True)
class Orders:
    """What the flags of `dbt-heap sync` ask for."""

    compare: Options = field(default_factory=Options)
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
