"""The limiter: when the next events may go. It holds the time and never passes it: the caller sleeps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock

from dbt_heap.heap.client import Answer, Outcome

MAX_FAILURES = 3  # each of them after all its tries


class Breaker:
    """Opens at a fatal answer, or when so many requests in a row, each after all its tries, had none; stays open.

    One is shared by all syncs of a run that send to the same address, so that not each of them has to find out.
    """

    def __init__(self, max_failures: int = MAX_FAILURES) -> None:
        self._max_failures = max_failures
        self._failures = 0
        self.reason: str | None = None  # of the last failure, once open

    @property
    def open(self) -> bool:
        """Whether no more is to be sent."""
        return self.reason is not None

    def note(self, answer: Answer) -> None:
        """Counts an answer, or its absence."""
        self._failures = self._failures + 1 if answer.outcome is Outcome.UNAVAILABLE else 0
        spent = answer.outcome is Outcome.FATAL or self._failures >= self._max_failures
        if spent and not self.open:
            self.reason = answer.reason


MINUTE_SECONDS = 60.0  # what Heap counts over: https://developers.heap.io/reference/bulk-track

# Our minute is 1% longer, so that requests which travel slower or faster than the ones before them don't meet in one
# of Heap's.
MARGIN = 1.01
WINDOW_SECONDS = MARGIN * MINUTE_SECONDS

# What a late waker may catch up. The window holds all the same; this only keeps the average at the limit.
CATCH_UP_SECONDS = 1.0


class RateLimiter:
    """Keeps all syncs of an app under its events a minute; safe to share between threads.

    `per_minute` None means no limit. `clock` gives seconds that only rise. `earlier` are events sent before this
    run: (how many, seconds ago). `minute_seconds` is how long Heap's minute lasts.
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
        self._at_once = 0  # events still to come that were found to fit into the minute
        self._next = now  # when the next smooth request may go

    def expect(self, total: int) -> None:
        """Says how many events a sync will send: they go at once if the minute has room for all, else evenly."""
        with self._lock:
            if self.per_minute is not None:
                self._forget(self._clock())
                if total <= self.per_minute - self._in_window - self._at_once:
                    self._at_once += total

    def reserve(self, count: int) -> float:
        """Seconds to wait before asking again; 0.0 when `count` events may go now, and are counted as gone.

        Nothing is held for a caller that has to wait, so that one who comes back late is counted when he sends.
        """
        if self.per_minute is None:
            return 0.0
        with self._lock:
            now = self._clock()
            self._forget(now)
            start = self._room_for(count, now)
            if count > self._at_once:
                start = max(start, self._next)
            if start > now:
                return start - now
            self._take(count, now)
            return 0.0

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - self.window_seconds:
            self._in_window -= self._sent.popleft()[1]

    def _room_for(self, count: int, now: float) -> float:
        """The instant at which the window has room for `count`, or is empty."""
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
        if count <= self._at_once:
            self._at_once -= count
        elif self.per_minute:
            seconds = count * self.window_seconds / self.per_minute
            self._next = max(self._next, now - CATCH_UP_SECONDS) + seconds


class WaveGate:
    """Keeps the waves of one sync a minute apart, so that no identity passes a limit of its own."""

    def __init__(self, clock: Callable[[], float], window_seconds: float = WINDOW_SECONDS) -> None:
        self._clock = clock
        self._window_seconds = window_seconds
        self._wave: int | None = None
        self._start = clock()  # when the next wave may start

    def answered(self) -> None:
        """Says that a request was answered just now."""
        self._start = self._clock() + self._window_seconds

    def enter(self, wave: int) -> float:
        """Seconds to wait before asking again; 0.0 when requests of `wave` may go. Earlier ones are answered."""
        wait = 0.0 if self._wave in (None, wave) else max(0.0, self._start - self._clock())
        if wait == 0.0:
            self._wave = wave
        return wait
