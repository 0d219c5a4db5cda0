"""The runs that wait to be synced: of each job the newest alone, so that a flood of runs costs one sync."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Condition

MOST_JOBS = 1_000


class FullError(Exception):
    """Too many jobs wait."""


@dataclass(frozen=True)
class Work:
    """A run to sync; the job's latest where none is named."""

    job: int
    run: int | None = None


class Queue:
    """First come, first served, by job. Safe to share between threads."""

    def __init__(self, most_jobs: int = MOST_JOBS) -> None:
        self._most_jobs = most_jobs
        self._changed = Condition()
        self._waiting: OrderedDict[int, Work] = OrderedDict()
        self._newest: OrderedDict[int, int] = OrderedDict()  # by job, of the runs that were ever taken
        self._closed = False

    def put(self, work: Work) -> bool:
        """Whether the run waits now: not where one as new was taken before. Raises FullError."""
        with self._changed:
            if work.run is not None and work.run <= self._newest.get(work.job, 0):
                return False
            if self._closed or (work.job not in self._waiting and len(self._waiting) >= self._most_jobs):
                raise FullError
            self._waiting[work.job] = work
            if work.run is not None:
                self._newest[work.job] = work.run
                self._newest.move_to_end(work.job)
                if len(self._newest) > self._most_jobs:
                    self._newest.popitem(last=False)
            self._changed.notify()
            return True

    def take(self) -> Work | None:
        """The next to sync, once there is one; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else self._waiting.popitem(last=False)[1]

    def close(self) -> int:
        """Nothing is taken any more. How many runs are left undone."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return len(self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)
