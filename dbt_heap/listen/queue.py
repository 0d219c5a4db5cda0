"""The jobs that wait to be synced, each once: a sync sends by its job's latest run, so that a flood costs one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition


class ClosedError(Exception):
    """Nothing is taken any more."""


@dataclass(frozen=True)
class Work:
    """A job to sync."""

    job: int
    run: int | None = None  # whose webhook came last: told to people, and nothing is decided by it
    tried: int = 0  # syncs that could not run since then
    due: float = 0.0


class Queue:
    """First come, first served, as far as it is due. Safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = Condition()
        self._waiting: dict[int, Work] = {}
        self._closed = False

    def put(self, job: int, run: int | None = None) -> None:
        """Has a job wait, due at once. Raises ClosedError."""
        with self._changed:
            if self._closed:
                raise ClosedError
            self._waiting[job] = Work(job, run)
            self._changed.notify()

    def put_back(self, work: Work, seconds: float) -> None:
        """Has what could not be synced wait for so long; without effect where its job waits anew."""
        with self._changed:
            self._waiting.setdefault(work.job, Work(work.job, work.run, work.tried + 1, self._clock() + seconds))

    def take(self) -> Work | None:
        """The next that is due, once there is one; None when closed."""
        with self._changed:
            while not self._closed:
                now = self._clock()
                for work in self._waiting.values():
                    if work.due <= now:
                        return self._waiting.pop(work.job)
                self._changed.wait(min((work.due - now for work in self._waiting.values()), default=None))
            return None

    def close(self) -> int:
        """Nothing is taken any more. How many jobs are left undone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return len(self._waiting)

    def later(self) -> list[Work]:
        """What waits to be tried again."""
        with self._changed:
            return [work for work in self._waiting.values() if work.tried]

    def seconds_until(self, work: Work) -> float:
        """How long it is until something is due."""
        return max(0.0, work.due - self._clock())

    def __len__(self) -> int:
        return len(self._waiting)
