"""How long a request is tried again: urllib3's Retry, with a bound on all its waits together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from urllib3.exceptions import InvalidHeader
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry

# 408 and 425 say "again" by their definition; Heap documents none of them, and gateways speak for themselves.
TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

_P = TypeVar("_P", bound="Patience")


class Patience(Retry):
    """Tries a POST again after 429, 5xx, timeouts and dropped connections: Heap's calls bear repetition.

    Waits double from `first_wait_seconds`, or are what Retry-After asks for, and together stay under
    `max_wait_seconds`; when that is spent, the last answer is the answer. `jitter` gives 0.0 up to 1.0.
    """

    def __init__(
        self,
        *args: Any,
        first_wait_seconds: float = 2.0,
        max_wait_seconds: float = 120.0,
        waited_seconds: float = 0.0,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.first_wait_seconds = first_wait_seconds
        self.max_wait_seconds = max_wait_seconds
        self.waited_seconds = waited_seconds
        self._jitter = jitter
        self._sleep = sleep

    @classmethod
    def of(cls: type[_P], retries: int, **kwargs: Any) -> _P:
        """Patience for at most `retries` more tries of a request."""
        return cls(
            retries,
            other=0,  # neither a bad certificate nor a broken address gets better
            redirect=0,
            allowed_methods=frozenset({"POST"}),
            status_forcelist=TRY_AGAIN,
            raise_on_status=False,
            raise_on_redirect=False,
            **kwargs,
        )

    def new(self: _P, **kwargs: Any) -> _P:
        """The same patience after one more failure."""
        return super().new(
            first_wait_seconds=self.first_wait_seconds,
            max_wait_seconds=self.max_wait_seconds,
            waited_seconds=self.waited_seconds,
            jitter=self._jitter,
            sleep=self._sleep,
            **kwargs,
        )

    def is_exhausted(self) -> bool:
        """Whether tries or waits are used up."""
        return super().is_exhausted() or self.waited_seconds >= self.max_wait_seconds

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Waits before the next try, and counts it."""
        asked = self._asked_seconds(response)
        seconds = self.get_backoff_time() if asked is None else asked
        seconds = min(seconds, self.max_wait_seconds - self.waited_seconds)
        self.waited_seconds += seconds
        self._sleep(seconds)

    def get_backoff_time(self) -> float:
        """Seconds before the next try when Heap names none: from half to the whole of a doubling wait."""
        return self.first_wait_seconds * 2.0 ** (len(self.history) - 1) * (0.5 + self._jitter() / 2)

    def _asked_seconds(self, response: BaseHTTPResponse | None) -> float | None:
        try:
            return None if response is None else self.get_retry_after(response)
        except InvalidHeader:
            return None
