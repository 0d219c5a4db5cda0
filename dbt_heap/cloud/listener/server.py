"""The listener as a server, from its start to its good order end."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from queue import SimpleQueue

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dbt_heap.cloud.listener.options import ListenOptions
from dbt_heap.cloud.listener.queue import DELAYS, Queue, Worker
from dbt_heap.cloud.listener.receiver import WebhookReceiver, application
from dbt_heap.http.local_socket import listening, url_of

SILENT_SECONDS = 10.0


class Connection(H11Protocol):
    """uvicorn's connection, which has so many seconds for the head of each request."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a request."""
        super().connection_made(transport)
        self._expect()

    def on_response_complete(self) -> None:
        """Begins to wait for the next one."""
        super().on_response_complete()
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no more."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(SILENT_SECONDS, self._close_if_silent)

    def _close_if_silent(self) -> None:
        if not self.cycle or self.cycle.response_complete:
            self.transport.close()


_log = logging.getLogger(__name__)

ENDED = 0  # no signal's number
CONNECTIONS = 200  # at once; more are answered with 503


def serve(
    options: ListenOptions,
    *,
    ready: Callable[[str], None],
    delays: Sequence[float] = DELAYS,
) -> None:
    """Serves until SIGINT or SIGTERM, then waits for the sync under way. For the main thread only.

    `ready` gets the URL once it listens; all else is logged. Raises SettingsError where the port is taken.
    """
    with closing(listening("listener", options.host, options.port, backlog=CONNECTIONS)) as listener:
        queue = Queue()
        worker = Worker(queue, options.command, delays)
        server = uvicorn.Server(_config(WebhookReceiver(options, queue, worker)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        with _signals() as came:
            for job in sorted(options.jobs if options.catch_up else ()):
                queue.put(job)
            worker.start()
            thread.start()
            ready(url_of(listener))
            jobs = ", ".join(map(str, sorted(options.jobs)))
            _log.info("listening on %s for runs of the jobs %s of dbt platform", url_of(listener), jobs)
            came.get()
            server.should_exit = True
            if left := queue.close():
                _log.warning("%d jobs that wait are left undone; their next sync sends what is missing", left)
            worker.stop()
            ending = threading.Thread(target=_end, args=(thread, worker, came), daemon=True)
            ending.start()
            while came.get() != ENDED:
                worker.stop()  # asked once more, the sync ends at once


def _end(thread: threading.Thread, worker: Worker, came: SimpleQueue[int]) -> None:
    thread.join()
    worker.join()
    came.put(ENDED)


@contextmanager
def _signals() -> Iterator[SimpleQueue[int]]:
    """SIGINT and SIGTERM as they come, in a queue that a signal may put to while it is waited for."""
    came: SimpleQueue[int] = SimpleQueue()
    before = {
        number: signal.signal(number, lambda number, _: came.put(number)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield came
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _config(reception: WebhookReceiver) -> uvicorn.Config:
    return uvicorn.Config(
        application(reception), http=Connection, ws="none", lifespan="off", log_config=None, log_level="error",
        access_log=False, timeout_keep_alive=5, timeout_graceful_shutdown=5, limit_concurrency=CONNECTIONS,
        server_header=False,
    )  # fmt: skip
