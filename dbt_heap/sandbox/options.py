"""The options of a sandbox, and its faults: `500:0.1,429:0.05,reset:0.02,timeout-after:0.01`.

A fault is a kind with a rate; `500x2` applies to the next two requests instead. The kinds:
    a status      400 to 599, instead of an answer; 429 has a Retry-After
    429-date      the same, with a date as Retry-After
    429-bare      the same, without Retry-After
    reset         the connection is reset
    reset-within  the connection is reset while the body is still being sent
    timeout       no answer
    html          502 with a page, as a proxy would send it
    truncated     the request is accepted, and its answer is cut off
    garbage       the request is accepted, and its answer is 200 with nonsense
    slow          the request is accepted, and its answer comes a second later
With `-after`, a status, reset, timeout or html comes after the request was accepted, which the client cannot know.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from random import Random

from dbt_heap.errors import SettingsError
from dbt_heap.http.limits import EVENTS_PER_MINUTE, EVENTS_PER_MINUTE_AND_IDENTITY

# https://developers.heap.io/reference/track-1, .../add-user-properties: for each identity and app ID
SINGLE_CALLS_PER_HALF_MINUTE = 30


@dataclass(frozen=True)
class SandboxOptions:
    """The options of a sandbox. If Heap's documentation is silent, the field says what the sandbox does."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: a free port
    data: Path | None = None  # an SQLite file that outlives the sandbox; None: in memory
    clock: Callable[[], float] = time.time  # seconds since the epoch

    latency_ms: float = 0.0  # before each answer of Heap's own routes
    faults: str = ""  # see above
    seed: int = 0  # of the faults
    refused: frozenset[str] = frozenset()  # identities, user IDs and account IDs that are answered with 400

    strict: bool = True  # False: accept property values and timestamps that Heap does not document
    bad_request_index: bool = True  # False: a 400 does not name the bad record
    max_body_bytes: int | None = None  # answer 413 to larger bodies; Heap documents no limit

    api_key: str | None = None  # required for deletions; None: any key that is not empty
    deletion_seconds: float = 0.0  # from a deletion request until it is complete; Heap documents no duration

    rate_limits: bool = True
    retry_after: bool = True  # False: a 429 has no Retry-After
    events_per_minute: int = EVENTS_PER_MINUTE
    events_per_minute_and_identity: int = EVENTS_PER_MINUTE_AND_IDENTITY
    single_calls: int = SINGLE_CALLS_PER_HALF_MINUTE
    limit_seconds: float = 60.0  # the length of these limits' minute


_PART = re.compile(
    r"(?P<kind>429-date|429-bare|[45]\d\d|reset-within(?!-after)|reset|timeout|html|truncated|garbage|slow)"
    r"(?P<after>-after)?"
    r"(:(?P<rate>\d*\.?\d+)|x(?P<times>\d+))",
    re.ASCII,
)
_ALWAYS_AFTER = ("truncated", "garbage", "slow")
_STATUS = {
    "reset": None, "reset-within": None, "timeout": None, "html": 502, "truncated": 200, "garbage": 200, "slow": 200,
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What replaces the answer to one request."""

    kind: str
    after: bool = False  # after the request was accepted

    @property
    def status(self) -> int | None:
        """Return the status that the client reads; None if it gets no answer."""
        return _STATUS[self.kind] if self.kind in _STATUS else int(self.kind[:3])

    @property
    def within(self) -> bool:
        """Return whether the fault comes while the body is still being sent."""
        return self.kind == "reset-within"

    def __str__(self) -> str:
        return f"{self.kind}-after" if self.after and self.kind not in _ALWAYS_AFTER else self.kind


@dataclass(frozen=True)
class Faults:
    """Parsed faults; their text is `str()`."""

    first: tuple[Fault, ...] = ()  # of the next requests, in order
    rates: tuple[tuple[Fault, float], ...] = ()  # of all later requests; the sum is at most 1

    def __str__(self) -> str:
        counted = [f"{fault}x{len(list(same))}" for fault, same in groupby(self.first)]
        return ",".join([*counted, *(f"{fault}:{_digits(rate)}" for fault, rate in self.rates)])


class FaultSequence:
    """An endless iterator over the fault of each request, or None. Equal seeds give equal faults."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.seed = seed
        self._first = deque(faults.first)
        self._rates = faults.rates
        self._random = Random(seed)  # nosec B311 # noqa: S311 - must be repeatable, not secret

    def __iter__(self) -> FaultSequence:
        return self

    def __next__(self) -> Fault | None:
        return self._first.popleft() if self._first else _fault_at(self._rates, self._random.random())

    @property
    def left(self) -> Faults:
        """Return the faults that may still come."""
        return Faults(tuple(self._first), self._rates)


def parse_faults(text: str) -> Faults:
    """Return the faults in a text. Raises SettingsError if a part is invalid or the rates exceed 1 in total."""
    parts = [_parse_part(part.strip()) for part in text.split(",") if part.strip()]
    first = [fault for fault, _, times in parts for _ in range(times)]
    rates = [(fault, rate) for fault, rate, times in parts if rate]
    if sum(rate for _, rate in rates) > 1.0:
        raise SettingsError(f"the rates of the faults {text!r} exceed 1 in total")
    return Faults(tuple(first), tuple(rates))


def _parse_part(text: str) -> tuple[Fault, float, int]:
    parts = _PART.fullmatch(text)
    if not parts:
        raise SettingsError(
            f"{text!r} is not a valid fault. Use a kind (a status from 400 to 599, 429-date, 429-bare, reset, "
            "reset-within, timeout, html, truncated, garbage or slow), then `:` and a rate from 0 to 1, or `x` and a "
            "number of requests: 500:0.1 or resetx2"
        )
    after = bool(parts["after"]) or parts["kind"] in _ALWAYS_AFTER
    return Fault(parts["kind"], after), float(parts["rate"] or 0), int(parts["times"] or 0)


def _fault_at(rates: tuple[tuple[Fault, float], ...], point: float) -> Fault | None:
    for fault, rate in rates:
        if point < rate:
            return fault
        point -= rate
    return None


def _digits(rate: float) -> str:
    return format(Decimal(repr(rate)).normalize(), "f")  # without an exponent, which `parse_faults` does not accept
