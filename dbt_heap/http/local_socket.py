"""The socket that a local server listens on, and its URL."""

from __future__ import annotations

import socket

from dbt_heap.errors import SettingsError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def listening(server: str, host: str, port: int, *, backlog: int) -> socket.socket:
    """Return a socket that accepts connections; port 0 takes a free port. Raises SettingsError if it cannot listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise SettingsError(f"the {server} cannot listen on {host}, port {port}: {error.strerror}") from error


def url_of(listener: socket.socket) -> str:
    """Return the URL of a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
