"""When to send: rate limiter, wave gate and circuit breaker. They return seconds to wait; the caller sleeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock

from dbt_heap.heap.client import Answer, Outcome

MAX_FAILURES = 3  # each of them after all its retries


class Breaker:
    """Opens after a fatal answer, or after so many requests in a row that ran out of retries; stays open.

    All syncs of a run that send to the same address share one, so only the first of them finds out.
    """

    def __init__(self, max_failures: int = MAX_FAILURES) -> None:
        self._max_failures = max_failures
        self._failures = 0
        self.reason: str | None = None  # of the last failure, once open

    @property
    def open(self) -> bool:
        """Whether nothing more may be sent."""
        return self.reason is not None

    def note(self, answer: Answer) -> None:
        """Count an answer, or its absence."""
        self._failures = self._failures + 1 if answer.outcome is Outcome.UNAVAILABLE else 0
        if answer.outcome is Outcome.FATAL or self._failures >= self._max_failures:
            self.trip(answer.reason)

    def trip(self, reason: str) -> None:
        """Open, for a reason; the first one counts."""
        self.reason = self.reason or reason


MINUTE_SECONDS = 60.0  # Heap counts events per minute: https://developers.heap.io/reference/bulk-track

# dbt-heap's minute is 1% longer, because requests travel at different speeds and may meet in one of Heap's minutes.
MARGIN = 1.01
WINDOW_SECONDS = MARGIN * MINUTE_SECONDS

# How much a caller that wakes late may catch up. The window holds anyway; this only keeps the average at the limit.
CATCH_UP_SECONDS = 1.0


class RateLimiter:
    """Keeps all syncs of an environment under its events per minute; thread-safe.

    Args:
        per_minute: The limit; None for no limit.
        clock: Returns seconds that only increase.
        earlier: Events sent before this run: (how many, seconds ago).
        minute_seconds: How long Heap's minute lasts.
    """

    def __init__(
        self,
        per_minute: int | None,
        clock: Callable[[], float],
        earlier: Iterable[tuple[int, float]] = (),
        *,
        minute_seconds: float = MINUTE_SECONDS,
    ) -> None:
        self.per_minute = per_minute
        self.window_seconds = MARGIN * minute_seconds
        self._clock = clock
        self._lock = Lock()
        now = clock()
        self._sent = deque(sorted((now - ago, count) for count, ago in earlier))
        self._in_window = sum(count for _, count in self._sent)
        self._burst = 0  # announced events, not sent yet, that fit into the minute
        self._next_at = now  # when the next request outside a burst may start

    def announce(self, total: int) -> None:
        """Announce the events of a sync. They go at once if they fit into the minute, otherwise evenly."""
        with self._lock:
            if self.per_minute is not None:
                self._forget_sent(self._clock())
                if total <= self.per_minute - self._in_window - self._burst:
                    self._burst += total

    def acquire(self, count: int) -> float:
        """Count events as sent and return 0.0 if they may go now; otherwise return the seconds until asking again.

        Reserve nothing for a waiting caller; count events when they are sent.
        """
        if self.per_minute is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._forget_sent(now)
            start = self._fits_at(count, now)
            if count > self._burst:
                start = max(start, self._next_at)
            if start > now:
                return start - now
            self._take(count, now)
            return 0.0

    def _forget_sent(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - self.window_seconds:
            self._in_window -= self._sent.popleft()[1]

    def _fits_at(self, count: int, now: float) -> float:
        """Return when `count` events fit into the window, or it is empty."""
        surplus = self._in_window + count - (self.per_minute or 0)
        start = now
        for sent_at, sent in self._sent:
            if surplus <= 0:
                break
            surplus -= sent
            start = sent_at + self.window_seconds
        return start

    def _take(self, count: int, now: float) -> None:
        self._sent.append((now, count))
        self._in_window += count
        if count <= self._burst:
            self._burst -= count
        elif self.per_minute:
            seconds = count * self.window_seconds / self.per_minute
            self._next_at = max(self._next_at, now - CATCH_UP_SECONDS) + seconds


class WaveGate:
    """Keeps the waves of one sync a minute apart, because each identity has a limit of its own."""

    def __init__(self, clock: Callable[[], float], window_seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._window_seconds = window_seconds
        self._wave: int | None = None
        self._next_at = clock()  # when the next wave may start

    def answered(self) -> None:
        """Note that a request was answered just now."""
        self._next_at = self._clock() + self._window_seconds

    def acquire(self, wave: int) -> float:
        """Return 0.0 if requests of a wave may go now, otherwise the seconds until asking again.

        All requests of earlier waves have to be answered.
        """
        seconds = 0.0 if self._wave in (None, wave) else max(0.0, self._next_at - self._clock())
        if seconds == 0.0:
            self._wave = wave
        return seconds
