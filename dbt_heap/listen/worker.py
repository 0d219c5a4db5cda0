"""One sync at a time, each in a process of its own: dbt keeps state that two runs must not share."""

from __future__ import annotations

import os
import signal
import subprocess  # nosec B404
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread

from dbt_heap.listen.options import SECRET
from dbt_heap.listen.queue import Queue, Work

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

    def __init__(
        self, queue: Queue, command: Sequence[str], say: Callable[[str], None], delays: Sequence[float] = DELAYS
    ) -> None:
        self._queue = queue
        self._command = command
        self._say = say
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
            self._say(f"{_named(work)}: ended with exit code {code}{then}")

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
                self._say(f"{_named(work)}: begins")
                self._process = subprocess.Popen(  # nosec B603 # noqa: S603 - of numbers, and of the command line
                    [*self._command, "--dbt-cloud-job-id", str(work.job)],
                    stdin=subprocess.DEVNULL,
                    stdout=sys.stderr,
                    env={name: value for name, value in os.environ.items() if name != SECRET},
                    start_new_session=True,  # a Ctrl-C is meant for the listener, which hands it on once
                )
            return self._process.wait()
        except OSError as refusal:
            self._say(f"{_named(work)}: cannot begin: {refusal.strerror}")
            return COULD_NOT_RUN
        finally:
            with self._lock:
                self._process = None


def _named(work: Work) -> str:
    return f"job {work.job}" + ("" if work.run is None else f", whose run {work.run} ended")
