"""A server in a process of its own that takes every request and keeps nothing: what is measured is not Heap."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection

import requests


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as Heap keeps them
    disable_nagle_algorithm = True
    latency_seconds = 0.0
    first_at = last_at = 0.0

    def do_GET(self) -> None:
        """How long it was busy."""
        told = f"{_Handler.last_at - _Handler.first_at}".encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(told), told))

    def do_POST(self) -> None:
        _Handler.first_at = _Handler.first_at or time.monotonic()
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.latency_seconds:
            time.sleep(self.latency_seconds)
        _Handler.last_at = time.monotonic()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


def busy_seconds(url: str) -> float:
    """The seconds from a sink's first request to its last answer."""
    return float(requests.get(url, timeout=10).text)


def _serve(told: Connection, latency_seconds: float) -> None:
    _Handler.latency_seconds = latency_seconds
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    told.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


@contextmanager
def sink(latency_seconds: float = 0.0) -> Iterator[str]:
    """The address of one, for as long as the block lasts; each answer takes so long."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, latency_seconds), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
