"""What a sandbox can be told; importable without the server's dependencies."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dbt_heap.limits import EVENTS_PER_MINUTE, EVENTS_PER_MINUTE_AND_IDENTITY

# https://developers.heap.io/reference/track-1, .../add-user-properties: by identity and app id
SINGLE_CALLS_PER_HALF_MINUTE = 30


@dataclass(frozen=True)
class SandboxOptions:
    """One sandbox. Where Heap's documentation is silent, the field says which reading it chooses."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free one
    data: Path | None = None  # an SQLite file that outlives the sandbox; None: memory
    clock: Callable[[], float] = time.time  # seconds since the epoch

    latency_ms: float = 0.0  # waited before each answer of the API
    faults: str = ""  # see dbt_heap.sandbox.faults
    seed: int = 0  # of the faults
    refused: frozenset[str] = frozenset()  # identities, user ids and account ids answered with 400

    strict: bool = True  # False: property values and timestamps of undocumented forms are taken as they come
    bad_request_index: bool = True  # False: a 400 does not say which record is bad
    max_body_bytes: int | None = None  # larger bodies are answered 413; Heap states no limit

    api_key: str | None = None  # the one by which deletion is allowed; None: any that is not empty
    deletion_seconds: float = 0.0  # from a deletion request until it is complete; Heap states nothing

    rate_limits: bool = True
    retry_after: bool = True  # False: a 429 does not say how long to wait
    events_per_minute: int = EVENTS_PER_MINUTE
    events_per_minute_and_identity: int = EVENTS_PER_MINUTE_AND_IDENTITY
    single_calls: int = SINGLE_CALLS_PER_HALF_MINUTE
    limit_seconds: float = 60.0  # how long these limits' minute lasts
