"""The jobs that wait for a sync, and the worker that syncs them one at a time.

Each sync is a separate process, because dbt keeps global state that two runs must not share.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess  # nosec B404
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread

SECRET = "DBT_CLOUD_WEBHOOK_SECRET"  # noqa: S105 - a name  # nosec B105
COULD_NOT_RUN = 2  # exit code of a sync
RETRY_SECONDS = (60.0, 300.0, 900.0)  # before each retry of a sync that could not run

_LEVELS = (  # of a line that a sync writes, by its beginning
    (re.compile(r"warning: "), logging.WARNING),
    (re.compile(r"Error: |Traceback "), logging.ERROR),
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ListenOptions:
    """The options of one listener."""

    secret: str = field(repr=False)  # the webhook's; the dbt platform shows it once
    command: Sequence[str]  # runs a sync; the listener appends the job's ID
    jobs: frozenset[int]  # webhooks of other jobs are ignored
    host: str = "127.0.0.1"
    port: int = 8766  # 0: a free port
    catch_up: bool = False  # start with a sync of each job


class ClosedError(Exception):
    """The queue accepts no more jobs."""


@dataclass(frozen=True)
class Work:
    """A job to sync."""

    job: int
    run: int | None = None  # the run of the latest webhook, for messages only: the sync looks up the run itself
    failed_tries: int = 0  # syncs that could not run since that webhook
    due: float = 0.0

    def __str__(self) -> str:
        return f"job {self.job}" + ("" if self.run is None else f" (run {self.run})")


class Queue:
    """The jobs to sync, first in, first out. Each job is queued at most once. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = Condition()
        self._waiting: dict[int, Work] = {}
        self._closed = False

    def put(self, job: int, run: int | None = None) -> None:
        """Queue a job, due now. Raises ClosedError."""
        with self._changed:
            if self._closed:
                raise ClosedError
            self._waiting[job] = Work(job, run)
            self._changed.notify()

    def retry(self, work: Work, seconds: float) -> None:
        """Queue a job again, due after a delay, unless a new webhook has queued it in the meantime."""
        with self._changed:
            again = Work(work.job, work.run, work.failed_tries + 1, self._clock() + seconds)
            self._waiting.setdefault(work.job, again)

    def take(self) -> Work | None:
        """Wait until a job is due, and return it. Return None once the queue is closed."""
        with self._changed:
            while not self._closed:
                now = self._clock()
                for work in self._waiting.values():
                    if work.due <= now:
                        return self._waiting.pop(work.job)
                self._changed.wait(min((work.due - now for work in self._waiting.values()), default=None))
            return None

    def close(self) -> int:
        """Accept and return no more jobs. Return how many are left in the queue."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return len(self._waiting)

    def retries(self) -> list[tuple[Work, float]]:
        """Return the jobs that wait for a retry, each with the seconds until it is due."""
        with self._changed:
            now = self._clock()
            return [(work, max(0.0, work.due - now)) for work in self._waiting.values() if work.failed_tries]

    def __len__(self) -> int:
        return len(self._waiting)


@dataclass(frozen=True)
class Outcome:
    """How the last sync ended."""

    job: int
    run: int | None
    exit_code: int  # negative: the signal that ended it


class Worker(Thread):
    """Sync the jobs of a queue, in one thread."""

    def __init__(self, queue: Queue, command: Sequence[str], retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        super().__init__(name="syncs", daemon=True)
        self._queue = queue
        self._command = command
        self._retry_seconds = retry_seconds
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self.running: Work | None = None
        self.last: Outcome | None = None

    def stop(self) -> None:
        """Start no more syncs, and send SIGTERM to the current one. A second SIGTERM ends it at once."""
        self._stopping = True
        with self._lock, suppress(ProcessLookupError):
            if self._process:
                self._process.send_signal(signal.SIGTERM)

    def run(self) -> None:
        """Sync until the queue is closed."""
        while work := self._queue.take():
            self.running = work
            code = self._sync(work)
            # Queue the retry before `running` is cleared, so /health always shows the job in one of the two.
            retry = self._retry(work) if code == COULD_NOT_RUN and not self._stopping else ""
            self.running, self.last = None, Outcome(work.job, work.run, code)
            level = logging.INFO if code == 0 else logging.WARNING if code == 1 else logging.ERROR
            _log.log(level, "%s: the sync ended with exit code %d%s", work, code, retry)

    def _retry(self, work: Work) -> str:
        if work.failed_tries == len(self._retry_seconds):
            return "; not retried until the job's next webhook"
        seconds = self._retry_seconds[work.failed_tries]
        self._queue.retry(work, seconds)
        return f"; retrying in {seconds:,.0f} seconds"

    def _sync(self, work: Work) -> int:
        """Run a sync and return its exit code; 2 if it cannot start."""
        try:
            with self._lock:
                if self._stopping:
                    return -signal.SIGTERM
                _log.info("%s: sync started", work)
                self._process = subprocess.Popen(  # nosec B603 # noqa: S603 - of numbers, and of the command line
                    [*self._command, "--dbt-cloud-job-id", str(work.job)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={name: value for name, value in os.environ.items() if name != SECRET},
                    start_new_session=True,  # Ctrl-C reaches the listener only, which passes one SIGTERM on
                )
            _log_output(work, self._process)
            return self._process.wait()
        except OSError as error:
            _log.error("%s: the sync cannot start: %s", work, error.strerror)
            return COULD_NOT_RUN
        finally:
            with self._lock:
                self._process = None


def _log_output(work: Work, process: subprocess.Popen[bytes]) -> None:
    """Log each line that a sync writes, until it ends."""
    for line in process.stdout or ():
        text = line.decode("utf-8", "replace").rstrip()
        if text.startswith("{"):
            _log.info("%s", text)
        elif text:
            level = next((level for beginning, level in _LEVELS if beginning.match(text)), logging.INFO)
            _log.log(level, "job %d: %s", work.job, text)
