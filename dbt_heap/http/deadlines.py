"""Connections that do not wait for ever: urllib3's timeout is one of each read, and a server may drip byte by byte."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from threading import Lock, Thread
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import HTTPResponse

from dbt_heap.http.retry import BoundedRetry

_LOOK_SECONDS = 0.05  # how late a deadline may be noticed


@dataclass(eq=False)
class _Deadline:
    connection: HTTPConnection
    due: float
    missed: bool = False


class _Watch:
    """Ends connections that miss their deadlines. One thread for all: with one each, a request took twice as long."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._deadlines: set[_Deadline] = set()
        self._thread: Thread | None = None

    def begin(self, connection: HTTPConnection, seconds: float) -> _Deadline:
        """Watches it for so long, or until `end`."""
        deadline = _Deadline(connection, time.monotonic() + seconds)
        with self._lock:
            self._deadlines.add(deadline)
            if self._thread is None or not self._thread.is_alive():  # a forked process has none of its parent's
                self._thread = Thread(target=self._look, name="deadlines", daemon=True)
                self._thread.start()
        return deadline

    def end(self, deadline: _Deadline) -> None:
        """Watches it no more."""
        with self._lock:
            self._deadlines.discard(deadline)

    def _look(self) -> None:
        while self._watching():
            time.sleep(_LOOK_SECONDS)

    def _watching(self) -> bool:
        with self._lock:
            now = time.monotonic()
            for deadline in [each for each in self._deadlines if each.due <= now]:
                self._deadlines.discard(deadline)
                deadline.missed = True
                with suppress(OSError, AttributeError):  # it may have ended by itself
                    deadline.connection.sock.shutdown(socket.SHUT_RDWR)
            if not self._deadlines:
                self._thread = None
            return bool(self._deadlines)


_watch = _Watch()


class _Punctual(HTTPConnection):
    """Ends where an answer has not begun, with all its headers, after the timeout."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """The answer. Raises TimeoutError where it takes too long."""
        deadline = _watch.begin(self, float(self.timeout or 0))
        try:
            return super().getresponse()
        except (OSError, HTTPException) as broken:
            if deadline.missed:
                raise TimeoutError from broken
            raise
        finally:
            _watch.end(deadline)


@cache
def _punctual(kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """Return a kind of connection, plain, TLS or through a SOCKS proxy, that keeps to its timeout."""
    return kind if issubclass(kind, _Punctual) else type(f"Punctual{kind.__name__}", (_Punctual, kind), {})


class DeadlineAdapter(HTTPAdapter):
    """An adapter of requests whose connections, also those through a proxy, keep to their timeout."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """The pool for a request."""
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(*args, **kwargs))
        pool.ConnectionCls = _punctual(cast(Any, pool.ConnectionCls))
        return pool

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, and note that the host was reached if it answered."""
        response = super().send(*args, **kwargs)
        if isinstance(self.max_retries, BoundedRetry):
            self.max_retries.reached.set()
        return response
