"""Heap's rate limits as sliding windows; the time is an argument."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Mapping

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.rules import ADD_USER_PROPERTIES, TRACK, subject_of
from dbt_heap.sandbox.submissions import Submission

Counts = Mapping[Hashable, int]


class Window:
    """At most `limit` of each key within any `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._past: deque[tuple[float, Counts]] = deque()
        self._totals: Counter[Hashable] = Counter()

    def wait_seconds(self, now: float, counts: Counts) -> float:
        """How long until there is room for `counts`; 0.0 where there is room now."""
        self._forget(now)
        over = {key: self._totals[key] + count - self._limit for key, count in counts.items()}
        over = {key: excess for key, excess in over.items() if excess > 0}
        if not over:
            return 0.0
        for at, past in self._past:
            over = {key: left for key, excess in over.items() if (left := excess - past.get(key, 0)) > 0}
            if not over:
                return at + self._seconds - now
        return self._seconds  # more than the limit by itself: no wait will help

    def add(self, now: float, counts: Counts) -> None:
        """Counts `counts` from `now` on."""
        self._past.append((now, counts))
        self._totals.update(counts)

    def _forget(self, now: float) -> None:
        while self._past and self._past[0][0] + self._seconds <= now:
            for key, count in self._past.popleft()[1].items():
                self._totals[key] -= count
                if not self._totals[key]:
                    del self._totals[key]


class Rates:
    """Which submissions must wait. Windows are kept in memory: a restarted sandbox has seen nothing."""

    def __init__(self, options: SandboxOptions) -> None:
        minute = options.limit_seconds
        self._by_app = Window(options.events_per_minute, minute)
        self._by_identity = Window(options.events_per_minute_and_identity, minute)
        self._single = {
            endpoint.path: Window(options.single_calls, minute / 2) for endpoint in (TRACK, ADD_USER_PROPERTIES)
        }

    def wait_seconds(self, submission: Submission, now: float) -> float:
        """How long the submission has to wait; 0.0 where it need not, and then it is counted."""
        charges = self._charges(submission)
        wait = max((window.wait_seconds(now, counts) for window, counts in charges), default=0.0)
        if not wait:
            for window, counts in charges:
                window.add(now, counts)
        return wait

    def _charges(self, submission: Submission) -> list[tuple[Window, Counts]]:
        people = Counter[Hashable](
            (submission.app_id, subject_of(submission.endpoint, record)) for record in submission.records
        )
        if submission.bulk and submission.endpoint is TRACK:
            return [(self._by_app, {submission.app_id: len(submission.records)}), (self._by_identity, people)]
        if not submission.bulk and submission.endpoint.path in self._single:
            return [(self._single[submission.endpoint.path], people)]
        return []  # Heap states no limit on bulk user properties, nor on account properties
