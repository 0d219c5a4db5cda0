"""How a sandbox misbehaves: `500:0.1,429:0.05,reset:0.02,timeout-after:0.01`; `500x2`: the next two requests.

Before a colon or an x stands the kind of fault:
    a status      400 to 599, answered in place of an answer; 429 bears Retry-After
    429-date      the same, Retry-After being a date
    429-bare      the same without Retry-After
    reset         the connection is dropped
    reset-within  the connection is dropped while the body is still coming
    timeout       no answer ever comes
    html          502 with a page, as a proxy in between would send it
    truncated     the body is taken, the answer is cut short
    garbage       the body is taken, the answer is 200 with nonsense
    slow          the body is taken, the answer comes a second later
A status, reset, timeout or html with `-after` takes the body first: the client cannot know.
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
    """One way to misbehave."""

    kind: str
    after: bool = False  # once the body is taken

    @property
    def status(self) -> int | None:
        """The status the client reads, or None where it reads none."""
        return _STATUS[self.kind] if self.kind in _STATUS else int(self.kind[:3])

    @property
    def within(self) -> bool:
        """Whether it comes while the body does."""
        return self.kind == "reset-within"

    def __str__(self) -> str:
        return f"{self.kind}-after" if self.after and self.kind not in _ALWAYS_AFTER else self.kind


@dataclass(frozen=True)
class Faults:
    """What `faults` of the options says."""

    first: tuple[Fault, ...] = ()  # of the next requests, in order
    rates: tuple[tuple[Fault, float], ...] = ()  # of all later ones; the sum is at most 1

    def __str__(self) -> str:
        counted = [f"{fault}x{len(list(same))}" for fault, same in groupby(self.first)]
        return ",".join([*counted, *(f"{fault}:{_digits(rate)}" for fault, rate in self.rates)])


class Draws:
    """The fault of each request in turn, None for a proper answer; endless, and the same for a seed."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.seed = seed
        self._first = deque(faults.first)
        self._rates = faults.rates
        self._chance = Random(seed)  # nosec B311 # noqa: S311 - chance that must repeat, not secrecy

    def __iter__(self) -> Draws:
        return self

    def __next__(self) -> Fault | None:
        return self._first.popleft() if self._first else _at(self._rates, self._chance.random())

    @property
    def left(self) -> Faults:
        """What may still come."""
        return Faults(tuple(self._first), self._rates)


def parse_faults(text: str) -> Faults:
    """The faults in `text`; none where it is empty.

    Raises:
        SettingsError: a part cannot be read, or the rates exceed 1 together.
    """
    parts = [_part(part.strip()) for part in text.split(",") if part.strip()]
    first = [fault for fault, _, times in parts for _ in range(times)]
    rates = [(fault, rate) for fault, rate, times in parts if rate]
    if sum(rate for _, rate in rates) > 1.0:
        raise SettingsError(f"the rates of the faults {text!r} are more than 1 together")
    return Faults(tuple(first), tuple(rates))


def _part(text: str) -> tuple[Fault, float, int]:
    parts = _PART.fullmatch(text)
    if not parts:
        raise SettingsError(
            f"{text!r} is no fault: write a status (400 to 599), 429-date, 429-bare, reset, reset-within, timeout, "
            "html, truncated, garbage or slow, then `:` and a rate from 0 to 1, or `x` and how many of the next "
            "requests: 500:0.1 or resetx2"
        )
    after = bool(parts["after"]) or parts["kind"] in _ALWAYS_AFTER
    return Fault(parts["kind"], after), float(parts["rate"] or 0), int(parts["times"] or 0)


def _at(rates: tuple[tuple[Fault, float], ...], point: float) -> Fault | None:
    for fault, rate in rates:
        if point < rate:
            return fault
        point -= rate
    return None


def _digits(rate: float) -> str:
    return format(Decimal(repr(rate)).normalize(), "f")  # no exponent: `faults` of the options knows none
