"""Run the listener: serve webhooks until a signal, then stop cleanly."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TextIO

import uvicorn

from dbt_heap.cloud.listener.queue import RETRY_SECONDS, ListenOptions, Queue, Worker
from dbt_heap.cloud.listener.receiver import WebhookReceiver
from dbt_heap.errors import counted
from dbt_heap.http.local_socket import listening, url_of

MAX_CONNECTIONS = 200  # open at once; the answer on others is 503

_STOPPED = 0  # not the number of a signal
_log = logging.getLogger(__name__)


def serve(
    options: ListenOptions, *, ready: Callable[[str], None], retry_seconds: Sequence[float] = RETRY_SECONDS
) -> None:
    """Serve until SIGINT or SIGTERM, then wait for the current sync. Call it in the main thread only.

    Args:
        ready: called with the URL once the listener accepts connections.
        retry_seconds: the delay before each retry of a sync that could not run.

    Raises:
        SettingsError: the port is not available.
    """
    with closing(listening("listener", options.host, options.port, backlog=MAX_CONNECTIONS)) as listener:
        queue = Queue()
        worker = Worker(queue, options.command, retry_seconds)
        server = uvicorn.Server(_config(WebhookReceiver(options, queue, worker)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        with _signals() as signals:
            for job in sorted(options.jobs if options.catch_up else ()):
                queue.put(job)
            worker.start()
            thread.start()
            ready(url_of(listener))
            jobs = ", ".join(map(str, sorted(options.jobs)))
            _log.info("listening on %s for runs of dbt platform jobs: %s", url_of(listener), jobs)
            signals.get()
            server.should_exit = True
            if left := queue.close():
                _log.warning("%s not synced; the next sync sends what is missing", counted(left, "queued job"))
            worker.stop()
            threading.Thread(target=_join, args=(thread, worker, signals), daemon=True).start()
            while signals.get() != _STOPPED:
                worker.stop()


def _join(thread: threading.Thread, worker: Worker, signals: SimpleQueue[int]) -> None:
    thread.join()
    worker.join()
    signals.put(_STOPPED)


@contextmanager
def _signals() -> Iterator[SimpleQueue[int]]:
    """Yield a queue of the SIGINT and SIGTERM that arrive. A signal may put to it even during its `get`."""
    signals: SimpleQueue[int] = SimpleQueue()
    previous = {
        number: signal.signal(number, lambda number, _: signals.put(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield signals
    finally:
        for number, action in previous.items():
            signal.signal(number, action)


def _config(receiver: WebhookReceiver) -> uvicorn.Config:
    return uvicorn.Config(
        receiver.application(), http="h11", ws="none", lifespan="off", log_config=None, log_level="error",
        access_log=False, timeout_keep_alive=5, timeout_graceful_shutdown=5, limit_concurrency=MAX_CONNECTIONS,
        server_header=False,
    )  # fmt: skip


class _LineFormatter(logging.Formatter):
    """Start every line of a record with its time in UTC and its level."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines. A line of JSON has a time of its own and stays as it is."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        prefix = f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ} {record.levelname}"
        return "\n".join(line if line.startswith("{") else f"{prefix} {line}" for line in text.splitlines() or [""])


def log_to(stream: TextIO | None = None) -> None:
    """Write the logs of dbt-heap and uvicorn to a stream, by default stderr."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_LineFormatter())
    for name, level in (("dbt_heap", logging.INFO), ("uvicorn", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
