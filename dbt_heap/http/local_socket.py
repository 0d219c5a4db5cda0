"""The socket that a local server listens on, and its address as people type it."""

from __future__ import annotations

import socket

from dbt_heap.errors import SettingsError


def listening(server: str, host: str, port: int, *, backlog: int) -> socket.socket:
    """A socket that takes connections from now on; port 0 takes a free one. Raises SettingsError where it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=backlog)
    except OSError as error:
        raise SettingsError(f"the {server} cannot listen on {host}, port {port}: {error.strerror}") from error


def url_of(listener: socket.socket) -> str:
    """The address of a socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
