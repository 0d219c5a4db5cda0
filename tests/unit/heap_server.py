"""A real HTTP server that answers as a test tells it to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from select import select
from threading import Lock, Thread
from typing import Any

from tests.local_server import LocalServer, Requests


@dataclass(frozen=True)
class Received:
    number: int  # 0 for the first request
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    status: int = 200
    text: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: str = ""  # `before` or `within` the text: the connection ends there


class HeapServer(LocalServer):
    """Serves on the loopback from `with` on; what it received is in `received`, in order."""

    def __init__(self, reply: Callable[[Received], Reply] = lambda _: Reply()) -> None:
        self.reply = reply
        self.received: list[Received] = []
        self.connections = 0
        self._lock = Lock()
        server = self

        class Answering(Requests):
            wbufsize = -1  # an answer in one packet

            def setup(self) -> None:
                with server._lock:
                    server.connections += 1
                super().setup()

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(server.reply(server._take(self.path, dict(self.headers), text)))

            def _answer(self, reply: Reply) -> None:
                if reply.drop == "before":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.send_response_only(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.text) + (100 if reply.drop else 0)))
                self.end_headers()
                self.wfile.write(reply.text)
                if reply.drop == "within":
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

        super().__init__(Answering)

    def _take(self, path: str, headers: Mapping[str, str], text: bytes) -> Received:
        with self._lock:
            received = Received(len(self.received), path, headers, json.loads(text))
            self.received.append(received)
            return received


class TricklingServer:
    """A server that answers with headers, then with one byte every 50 ms until the client leaves."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._trickle)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _trickle(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(self._head)
            # A byte behind the end that the client sent resets the connection, with all that it has yet to read.
            while not select([connection], [], [], 0.05)[0] or connection.recv(65_536):
                connection.sendall(b" ")
