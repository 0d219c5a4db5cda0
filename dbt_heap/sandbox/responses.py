"""Turn an answer or a fault into an HTTP response, or into none."""

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

HANG_SECONDS = 3600.0
SLOW_SECONDS = 1.0

_NO_LINGER = struct.pack("ii", 1, 0)  # closing sends RST instead of FIN
_PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_GARBAGE = b"\x00\xff{{ not an answer"


class Connection(H11Protocol):
    """A connection that the application can reset, as `scope["state"]["connection"]`."""

    hanging = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Disable Nagle's algorithm, which would delay answers by 40 ms, and publish the connection."""
        super().connection_made(transport)
        # asyncio does this only for sockets that name their protocol; accepted ones don't
        _socket_of(transport).setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "connection": self}

    def drop(self) -> None:
        """Reset the connection, and discard unsent answers. Do nothing if the client closed it already."""
        if self.transport.is_closing():
            return
        _socket_of(self.transport).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def shutdown(self) -> None:
        """Close with the server. A hanging connection is reset, so it doesn't delay the shutdown."""
        if self.hanging:
            self.drop()
        else:
            super().shutdown()


def connection_of(scope: Any) -> Connection:
    """Return the connection of a request."""
    return cast(Connection, scope["state"]["connection"])


def _socket_of(transport: asyncio.Transport) -> socket.socket:
    return cast(socket.socket, transport.get_extra_info("socket"))


class Reset(Response):
    """Reset the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reset the connection."""
        connection_of(scope).drop()
        await _disconnected(receive)


class Hang(Response):
    """Never answer. Reset the connection after an hour, or when the sandbox stops."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then reset the connection."""
        connection = connection_of(scope)
        connection.hanging = True
        await asyncio.wait({asyncio.ensure_future(_disconnected(receive))}, timeout=HANG_SECONDS)
        connection.drop()


class Truncated(Response):
    """Send an answer that is shorter than its Content-Length."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send one of two bytes, then close the connection."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        connection_of(scope).transport.close()
        await _disconnected(receive)


class Slow(Response):
    """Send the answer a second late."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        await asyncio.sleep(SLOW_SECONDS)
        await super().__call__(scope, receive, send)


_FAULTS: Mapping[str, Callable[[], Response]] = {
    "reset": Reset,
    "reset-within": Reset,
    "timeout": Hang,
    "truncated": Truncated,
    "html": lambda: HTMLResponse(_PROXY_PAGE, 502),
    "garbage": lambda: Response(_GARBAGE),
}


def response(answer: Answer) -> Response:
    """Return the response for an answer, or for the fault that replaces it."""
    if answer.fault:
        return _fault_response(answer.fault, answer)
    return Response(answer.text, answer.status, _retry_after(answer), answer.media_type)


def _fault_response(fault: Fault, answer: Answer) -> Response:
    if fault.kind in _FAULTS:
        return _FAULTS[fault.kind]()
    if fault.kind == "slow":
        return Slow(answer.text, answer.status, media_type=answer.media_type)
    status = fault.status or answer.status
    phrase = HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else "Fault"
    return PlainTextResponse(phrase, status, _retry_after(answer))


def _retry_after(answer: Answer) -> dict[str, str]:
    return {} if answer.retry_after is None else {"Retry-After": answer.retry_after}


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
