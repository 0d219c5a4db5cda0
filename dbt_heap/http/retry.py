"""How long a request is tried again: urllib3's Retry, with a bound on the time that all tries and waits may take."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from email.utils import mktime_tz, parsedate_tz
from threading import Event
from typing import Any, TypeVar

from urllib3.exceptions import MaxRetryError, ProtocolError, ResponseError, SSLError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

from dbt_heap.http.connection_errors import dropped, never_reached, tunnel_status

# 408 and 425 say "again" by their definition; gateways, too, speak for themselves.
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

MAX_WAIT_SECONDS = 120.0  # from the first failure to the last try, unless told otherwise
FIRST_WAIT_SECONDS = 2.0
LATE_SECONDS = 1.0  # that a busy machine may wake later than it was asked to
LONGEST_WAIT_SECONDS = 60.0  # unless Retry-After asks for more

UNREACHED_SECONDS = 3.0  # to try for if no request of the session has reached the host: its address may be wrong

_P = TypeVar("_P", bound="BoundedRetry")


class RetriesExhaustedError(MaxRetryError):
    """A request failed for good, after so many further tries."""

    retries = 0


class BoundedRetry(Retry):
    """Tries a request that bears repetition again after 429, 5xx, timeouts and dropped connections.

    Waits double from two seconds, less where `max_wait_seconds` is short, and are never below what Retry-After asks
    for. No try begins later than `max_wait_seconds` after the first one failed: then the last answer is the answer.
    So it is at once where the server asks for a longer wait than is left, or `hurry` is set. `jitter` gives 0.0 up to
    1.0.

    A host that refuses connections or has no address is tried for `unreached_seconds` only, until `reached` is set by
    a first answer: a setting may be wrong, and that gets no better. `notice` is called with the cause and the seconds
    before each wait.
    """

    def __init__(
        self,
        *args: Any,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        spent_seconds: float = 0.0,
        stop_retrying: Event | None = None,
        reached: Event | None = None,
        unreached_seconds: float = UNREACHED_SECONDS,
        notice: Callable[[str, float], object] = lambda cause, seconds: None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.max_wait_seconds = max_wait_seconds
        self.spent_seconds = spent_seconds  # since the first failure
        self.stop_retrying = stop_retrying or Event()
        self.reached = reached or Event()
        self.unreached_seconds = unreached_seconds
        self.notice = notice
        self.unreached = False  # whether the last failure came before the host was reached
        self.cause = ""  # of the last failure, for `notice`
        self._jitter = jitter
        self._sleep = sleep
        self._clock = clock
        self._woke_at: float | None = None

    @classmethod
    def of(
        cls: type[_P],
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        *,
        retries: int | None = None,
        method: str = "POST",
        **kwargs: Any,
    ) -> _P:
        """Patience for so long, and for at most `retries` more tries of a request where that is said."""
        return cls(
            retries,
            other=0,  # neither a bad certificate nor a broken address gets better
            redirect=0,
            allowed_methods=frozenset({method}),
            status_forcelist=TRY_AGAIN,
            respect_retry_after_header=False,  # by urllib3, which would wait as long as asked
            raise_on_status=False,
            raise_on_redirect=False,
            max_wait_seconds=max_wait_seconds,
            **kwargs,
        )

    def new(self: _P, **kwargs: Any) -> _P:
        """The same patience after one more failure."""
        tried = 0.0 if self._woke_at is None else self._clock() - self._woke_at
        return super().new(
            max_wait_seconds=self.max_wait_seconds,
            spent_seconds=self.spent_seconds + tried,
            stop_retrying=self.stop_retrying,
            reached=self.reached,
            unreached_seconds=self.unreached_seconds,
            notice=self.notice,
            jitter=self._jitter,
            sleep=self._sleep,
            clock=self._clock,
            **kwargs,
        )

    def increment(
        self: _P,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> _P:
        """The patience left after a failure. Raises GivenUpError where there is none."""
        unreached = error is not None and never_reached(error) and not self.reached.is_set()
        if error is not None and _passes(error):
            error = ProtocolError("the connection broke", error)
        try:
            following = super().increment(method, url, response, error, _pool, _stacktrace)
        except MaxRetryError as spent:
            raise self._given_up(_pool, url, spent.reason) from spent
        if response is not None:
            self.reached.set()
            if (retry_after_seconds(response.headers) or 0.0) > following.left_seconds:
                raise self._given_up(_pool, url, ResponseError("the server asks for a longer wait"))
            response.close()  # nobody reads it, however slowly it comes
        if unreached:
            following.unreached = True
            if following.left_seconds <= 0:
                raise self._given_up(_pool, url, error)
        following.cause = f"status {response.status}" if response is not None else "the request had no answer"
        return following

    @property
    def left_seconds(self) -> float:
        """How long tries and waits may take from now on."""
        most = min(self.max_wait_seconds, self.unreached_seconds) if self.unreached else self.max_wait_seconds
        return most - self.spent_seconds

    def is_exhausted(self) -> bool:
        """Whether tries or time are used up."""
        return super().is_exhausted() or self.left_seconds <= 0 or self.stop_retrying.is_set()

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Waits before the next try, and counts it. Raises GivenUpError where in the end none may begin.

        A process that was stopped meanwhile wakes late: another run may have sent newer values by then.
        """
        asked = None if response is None else retry_after_seconds(response.headers)
        seconds = min(max(asked or 0.0, self.get_backoff_time()), self.left_seconds)
        self.spent_seconds += seconds
        self.notice(self.cause, seconds)
        slept_at = self._clock()
        (self._sleep or self.stop_retrying.wait)(seconds)
        self._woke_at = self._clock()
        late = self._woke_at - slept_at - seconds
        if self.stop_retrying.is_set() or late > self.left_seconds + LATE_SECONDS:
            raise self._given_up(None, None, ResponseError("no further try may begin"))

    def get_backoff_time(self) -> float:
        """Seconds before the next try when the server names none: from half to the whole of a doubling wait."""
        first = min(FIRST_WAIT_SECONDS, self.max_wait_seconds / 60)
        doubled = first * 2.0 ** min(len(self.history) - 1, 30)
        return min(doubled, LONGEST_WAIT_SECONDS) * (0.5 + self._jitter() / 2)

    def _given_up(self, pool: Any, url: str | None, reason: Exception | None) -> RetriesExhaustedError:
        end = RetriesExhaustedError(pool, url or "", reason)
        end.retries = len(self.history)
        return end


def _passes(error: Exception) -> bool:
    """Return whether a failure that urllib3 takes for a lasting one may pass.

    A TLS connection that ended is a dropped connection, and a proxy's 5xx is like a server's.
    """
    status = tunnel_status(error)
    return (isinstance(error, SSLError) and dropped(error.args[0])) or (status is not None and status >= 500)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The wait that Retry-After asks for, in seconds or up to a date by the server's own clock; None without one."""
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(asked)
    until, now = _instant(asked), _instant(headers.get("Date", ""))
    return None if until is None else max(0.0, until - (time.time() if now is None else now))


def _instant(date: str) -> float | None:
    try:
        parsed = parsedate_tz(date)
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None
