"""Answers as HTTP, and their absence."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from dbt_heap.sandbox.options import Fault
from dbt_heap.sandbox.records_api import Answer

_NO_LINGER = struct.pack("ii", 1, 0)  # close sends RST in place of FIN


class Connection(H11Protocol):
    """uvicorn's connection, known to the application as `scope["state"]["connection"]`."""

    hanging = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Makes the connection known to the application, and spares it the 40 ms of Nagle's algorithm."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol, which accepted ones do not
        _socket_of(transport).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "connection": self}

    def drop(self) -> None:
        """Resets the connection, unless the client was first: unsent answers are lost."""
        if self.transport.is_closing():
            return
        _socket_of(self.transport).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def shutdown(self) -> None:
        """Ends with the server; a connection left hanging does not hold it up."""
        if self.hanging:
            self.drop()
        else:
            super().shutdown()


def connection_of(scope: Any) -> Connection:
    """The connection that a request came by."""
    return cast(Connection, scope["state"]["connection"])


def _socket_of(transport: asyncio.Transport) -> socket.socket:
    return cast(socket.socket, transport.get_extra_info("socket"))


HANG_SECONDS = 3600.0
SLOW_SECONDS = 1.0

_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_NONSENSE = b"\x00\xff{{ not what anybody asked for"


class Reset(Response):
    """No answer: the connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Resets the connection."""
        connection_of(scope).drop()
        await _gone(receive)


class Hang(Response):
    """No answer for an hour, or until the client or the sandbox has had enough; then a reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits, and resets the connection."""
        connection = connection_of(scope)
        connection.hanging = True
        await asyncio.wait({asyncio.ensure_future(_gone(receive))}, timeout=HANG_SECONDS)
        connection.drop()


class Truncated(Response):
    """An answer that ends before its announced length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends one byte of two, and closes the connection."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        connection_of(scope).transport.close()
        await _gone(receive)


class Slow(Response):
    """An answer that comes late."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits, and answers."""
        await asyncio.sleep(SLOW_SECONDS)
        await super().__call__(scope, receive, send)


_SPOILED: Mapping[str, Callable[[], Response]] = {
    "reset": Reset,
    "reset-within": Reset,
    "timeout": Hang,
    "truncated": Truncated,
    "html": lambda: HTMLResponse(_PAGE, 502),
    "garbage": lambda: Response(_NONSENSE),
}


def response(answer: Answer) -> Response:
    """The answer, or the fault in its place, as something to send."""
    if answer.fault:
        return _spoiled(answer.fault, answer)
    return Response(answer.text, answer.status, _retry_after(answer), answer.media_type)


def _spoiled(fault: Fault, answer: Answer) -> Response:
    if fault.kind in _SPOILED:
        return _SPOILED[fault.kind]()
    if fault.kind == "slow":
        return Slow(answer.text, answer.status, media_type=answer.media_type)
    status = fault.status or answer.status
    return PlainTextResponse(_phrase(status), status, _retry_after(answer))


def _retry_after(answer: Answer) -> dict[str, str]:
    return {} if answer.retry_after is None else {"Retry-After": answer.retry_after}


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Fault"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
