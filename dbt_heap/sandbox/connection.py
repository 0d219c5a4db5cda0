"""A connection that can be dropped and left hanging: what HTTP frameworks do not offer."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

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
