"""One sync at a time, each in a process of its own: dbt keeps state that two runs must not share."""

from __future__ import annotations

import logging
import os
import signal
import subprocess  # nosec B404
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Lock, Thread

from dbt_heap.cloud.listener.options import SECRET, level_of


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


_log = logging.getLogger(__name__)

COULD_NOT_RUN = 2  # as an exit code
DELAYS = (60.0, 300.0, 900.0)  # seconds until what could not run is tried again, each time


@dataclass(frozen=True)
class Outcome:
    """How the last sync ended."""

    job: int
    run: int | None
    exit_code: int  # below 0: the signal that ended it


class Worker:
    """Works off a queue in a thread."""

    def __init__(self, queue: Queue, command: Sequence[str], delays: Sequence[float] = DELAYS) -> None:
        self._queue = queue
        self._command = command
        self._delays = delays
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._thread = Thread(target=self._work, name="syncs", daemon=True)
        self.running: Work | None = None
        self.last: Outcome | None = None

    @property
    def alive(self) -> bool:
        """Whether it works on."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Begins nothing more, and asks the sync under way to end in good order; asked twice, it ends at once."""
        self._stopping = True
        with self._lock, suppress(ProcessLookupError):
            if self._process:
                self._process.send_signal(signal.SIGTERM)

    def join(self) -> None:
        """Waits for the sync under way."""
        self._thread.join()

    def _work(self) -> None:
        while work := self._queue.take():
            self.running = work
            code = self._synced(work)
            # It waits again before it is known to have ended, so that it is never seen to be neither.
            then = self._tried_again(work) if code == COULD_NOT_RUN and not self._stopping else ""
            self.running, self.last = None, Outcome(work.job, work.run, code)
            level = logging.INFO if code == 0 else logging.WARNING if code == 1 else logging.ERROR
            _log.log(level, "%s: ended with exit code %d%s", _named(work), code, then)

    def _tried_again(self, work: Work) -> str:
        if work.tried == len(self._delays):
            return "; it is given up until a webhook of its job comes"
        seconds = self._delays[work.tried]
        self._queue.put_back(work, seconds)
        return f"; it is tried again in {seconds:,.0f} seconds"

    def _synced(self, work: Work) -> int:
        """The exit code of the sync; 2 where it could not begin, as where it could not run."""
        try:
            with self._lock:
                if self._stopping:
                    return -signal.SIGTERM
                _log.info("%s: begins", _named(work))
                self._process = subprocess.Popen(  # nosec B603 # noqa: S603 - of numbers, and of the command line
                    [*self._command, "--dbt-cloud-job-id", str(work.job)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={name: value for name, value in os.environ.items() if name != SECRET},
                    start_new_session=True,  # a Ctrl-C is meant for the listener, which hands it on once
                )
            _log_lines(work, self._process)
            return self._process.wait()
        except OSError as refusal:
            _log.error("%s: cannot begin: %s", _named(work), refusal.strerror)
            return COULD_NOT_RUN
        finally:
            with self._lock:
                self._process = None


def _log_lines(work: Work, process: subprocess.Popen[bytes]) -> None:
    """Log what a sync writes, line by line, until it ends."""
    for line in process.stdout or ():
        text = line.decode("utf-8", "replace").rstrip()
        if text.startswith("{"):
            _log.info("%s", text)
        elif text:
            _log.log(level_of(text), "job %d: %s", work.job, text)


def _named(work: Work) -> str:
    return f"job {work.job}" + ("" if work.run is None else f", whose run {work.run} ended")
