"""Connections that do not wait for ever: urllib3's timeout is one of each read, and a server may drip byte by byte."""

from __future__ import annotations

import socket
from contextlib import suppress
from http.client import HTTPException
from threading import Event, Timer
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse


class _Punctual(HTTPConnection):
    """Ends where an answer has not begun, with all its headers, after the timeout."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """The answer. Raises TimeoutError where it takes too long."""
        late = Event()

        def end() -> None:
            late.set()
            with suppress(OSError, AttributeError):  # it may have ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)

        timer = Timer(float(self.timeout or 0), end)
        timer.daemon = True
        timer.start()
        try:
            return super().getresponse()
        except (OSError, HTTPException) as broken:
            if late.is_set():
                raise TimeoutError from broken
            raise
        finally:
            timer.cancel()


class _PunctualTls(_Punctual, HTTPSConnection):
    pass


class PunctualAdapter(HTTPAdapter):
    """An adapter of requests whose connections, also those through a proxy, keep to their timeout."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """The pool for a request."""
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(*args, **kwargs))
        pool.ConnectionCls = _PunctualTls if isinstance(pool, HTTPSConnectionPool) else _Punctual
        return pool
