"""How long a request is retried: urllib3's Retry, with a limit on the time that all attempts and waits may take."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from threading import Event
from typing import Any, TypeVar

from urllib3.exceptions import MaxRetryError, ProtocolError, ResponseError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from dbt_heap.http.connection_errors import dropped, never_reached, tunnel_status

# 408 and 425 mean "again" by definition; gateways answer for themselves.
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})

MAX_WAIT_SECONDS = 120.0  # from the first failure to the last attempt, by default
FIRST_WAIT_SECONDS = 2.0
LATE_SECONDS = 1.0  # by which a busy machine may wake later than it was asked to
LONGEST_WAIT_SECONDS = 60.0  # unless Retry-After asks for more
UNREACHED_SECONDS = 3.0  # to retry if no request of the session has reached the host: its address may be wrong

_R = TypeVar("_R", bound="BoundedRetry")


class RetriesExhaustedError(MaxRetryError):
    """A request failed for good, after `retries` more attempts."""

    retries = 0


@dataclass(frozen=True)
class RetryBounds:
    """How long each request of a session may be retried, and what its requests share.

    A host that refuses connections or has no address is retried for `unreached_seconds` only, until `reached` is set
    by a first answer, because a wrong setting does not get better. `notice` is called with the cause and the seconds
    before each wait.
    """

    max_wait_seconds: float = MAX_WAIT_SECONDS
    unreached_seconds: float = UNREACHED_SECONDS
    notice: Callable[[str, float], object] = lambda cause, seconds: None
    jitter: Callable[[], float] = random.random  # returns 0.0 up to 1.0
    sleep: Callable[[float], object] | None = None  # None waits for `stopped`
    clock: Callable[[], float] = time.monotonic
    stopped: Event = field(default_factory=Event)  # no request is retried any longer
    reached: Event = field(default_factory=Event)  # the host has answered once


class BoundedRetry(Retry):
    """Retries a request after 429, 5xx, timeouts and dropped connections, for a limited time.

    Waits double from two seconds (less if the limit is short) and are never shorter than what Retry-After asks for. No
    attempt begins later than `max_wait_seconds` after the first one failed: then the last answer counts. It counts at
    once if the server asks for a longer wait than is left, or if `stop_retrying` was called.
    """

    def __init__(self, *args: Any, bounds: RetryBounds, spent_seconds: float = 0.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bounds = bounds
        self.spent_seconds = spent_seconds  # since the first failure
        self.unreached = False  # whether the last failure came before the host was reached
        self.cause = ""  # of the last failure, for `notice`
        self._woke_at: float | None = None

    @classmethod
    def of(
        cls: type[_R], max_wait_seconds: float = MAX_WAIT_SECONDS, *, retries: int | None = None, **bounds: Any
    ) -> _R:
        """Return a retry for so long, and for at most `retries` more attempts. `bounds` are fields of RetryBounds."""
        return cls(
            retries,
            other=0,  # neither a bad certificate nor a malformed address gets better
            redirect=0,
            allowed_methods=frozenset({"GET", "POST"}),  # Heap's POSTs can be repeated: events have idempotency keys
            status_forcelist=RETRIED_STATUSES,
            respect_retry_after_header=False,  # by urllib3, which would wait as long as asked
            raise_on_status=False,
            raise_on_redirect=False,
            bounds=RetryBounds(max_wait_seconds, **bounds),
        )

    def stop_retrying(self) -> None:
        """Retry no request of the session any longer, and end the waits before an attempt."""
        self.bounds.stopped.set()

    def new(self: _R, **kwargs: Any) -> _R:
        """Return what is left after one more failure."""
        tried = 0.0 if self._woke_at is None else self.bounds.clock() - self._woke_at
        return super().new(bounds=self.bounds, spent_seconds=self.spent_seconds + tried, **kwargs)

    def increment(
        self: _R,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> _R:
        """Return what is left after a failure. Raises RetriesExhaustedError if nothing is."""
        unreached = error is not None and never_reached(error) and not self.bounds.reached.is_set()
        if error is not None and _passes(error):
            error = ProtocolError("the connection broke", error)
        try:
            following = super().increment(method, url, response, error, _pool, _stacktrace)
        except MaxRetryError as exhausted:
            raise self._exhausted(_pool, url, exhausted.reason) from exhausted
        if response is not None:
            self.bounds.reached.set()
            if (retry_after_seconds(response.headers) or 0.0) > following.left_seconds:
                raise self._exhausted(_pool, url, ResponseError("the server asks for a longer wait"))
            response.close()  # no one reads it, however slowly it comes
        if unreached:
            following.unreached = True
            if following.left_seconds <= 0:
                raise self._exhausted(_pool, url, error)
        following.cause = f"status {response.status}" if response is not None else "the request had no answer"
        return following

    @property
    def left_seconds(self) -> float:
        """How long attempts and waits may take from now on."""
        bounds = self.bounds
        most = min(bounds.max_wait_seconds, bounds.unreached_seconds) if self.unreached else bounds.max_wait_seconds
        return most - self.spent_seconds

    def is_exhausted(self) -> bool:
        """Whether attempts or time are used up."""
        return super().is_exhausted() or self.left_seconds <= 0 or self.bounds.stopped.is_set()

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next attempt, and count the time. Raises RetriesExhaustedError if none may begin afterwards.

        A process that was suspended meanwhile wakes late: another run may have sent newer values by then.
        """
        asked = None if response is None else retry_after_seconds(response.headers)
        seconds = min(max(asked or 0.0, self.get_backoff_time()), self.left_seconds)
        self.spent_seconds += seconds
        self.bounds.notice(self.cause, seconds)
        slept_at = self.bounds.clock()
        (self.bounds.sleep or self.bounds.stopped.wait)(seconds)
        self._woke_at = self.bounds.clock()
        late = self._woke_at - slept_at - seconds
        if self.bounds.stopped.is_set() or late > self.left_seconds + LATE_SECONDS:
            raise self._exhausted(None, None, ResponseError("no further attempt may begin"))

    def get_backoff_time(self) -> float:
        """Seconds before the next attempt if the server names none: between half and all of a doubling wait."""
        first = min(FIRST_WAIT_SECONDS, self.bounds.max_wait_seconds / 60)
        doubled = first * 2.0 ** min(len(self.history) - 1, 30)
        return min(doubled, LONGEST_WAIT_SECONDS) * (0.5 + self.bounds.jitter() / 2)

    def _exhausted(self, pool: Any, url: str | None, reason: Exception | None) -> RetriesExhaustedError:
        error = RetriesExhaustedError(pool, url or "", reason)
        error.retries = len(self.history)
        return error


def _passes(error: Exception) -> bool:
    """Return whether a failure may pass although urllib3 treats it as lasting.

    A TLS connection that ended is a dropped connection, and a proxy's 5xx is like a server's.
    """
    status = tunnel_status(error)
    return (isinstance(error, SSLError) and dropped(error.args[0])) or (status is not None and status >= 500)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the wait that Retry-After asks for, in seconds; None without one. A date counts by the server's clock."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(asked)
    until, now = _parsed_date(asked), _parsed_date(headers.get("Date", ""))
    return None if until is None else max(0.0, until - (time.time() if now is None else now))


def _parsed_date(date: str) -> float | None:
    try:
        parsed = parsedate_tz(date)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None
