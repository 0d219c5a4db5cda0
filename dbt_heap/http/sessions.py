"""HTTP sessions with deadlines: urllib3's timeout limits each read, but a server may send one byte at a time."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from threading import Lock, Thread
from types import TracebackType
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import HTTPResponse

from dbt_heap import __version__
from dbt_heap.http.connection_errors import check_environment
from dbt_heap.http.local_socket import LOOPBACK
from dbt_heap.http.retry import MAX_WAIT_SECONDS, BoundedRetry

CONNECT_SECONDS = 10.0
TIMEOUT_SECONDS = 30.0  # for one answer, by default
_CHECK_SECONDS = 0.05  # how late a missed deadline may be noticed

Auth: TypeAlias = Callable[[requests.PreparedRequest], requests.PreparedRequest]
_S = TypeVar("_S", bound="HttpSession")


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Return a request as it is. Without any auth, requests would look for a password in ~/.netrc."""
    return request


class HttpSession:
    """Connections to one host; a context manager that `pool_size` threads can share.

    It follows no redirects, keeps no cookies, reads no passwords from ~/.netrc and uses no proxy for the loopback.
    """

    def __init__(
        self,
        base_url: str,
        retry: BoundedRetry,
        timeout_seconds: float = TIMEOUT_SECONDS,
        *,
        headers: Mapping[str, str] | None = None,
        auth: Auth = no_auth,
        pool_size: int = 1,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout_seconds = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = urlsplit(base_url).hostname not in LOOPBACK
        self._session.headers.update({"User-Agent": f"dbt-heap/{__version__}", **(headers or {})})
        self._session.auth = auth
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the jar is not thread-safe
        adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=retry)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def __enter__(self: _S) -> _S:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def request(self, method: str, path: str, **content: Any) -> requests.Response:
        """Return an answer whose body is not read yet. Raises what requests and urllib3 raise."""
        timeout = (min(CONNECT_SECONDS, self.timeout_seconds), self.timeout_seconds)
        return self._session.request(
            method, self.base_url + path, timeout=timeout, allow_redirects=False, stream=True, **content
        )

    def check_environment(self) -> None:
        """Raise SettingsError if the environment names a proxy or CA certificates that cannot be used."""
        check_environment(self._session, self.base_url)


def check_environment_for(base_url: str) -> None:
    """Raise SettingsError if the environment names a proxy or CA certificates that cannot be used. Sends nothing."""
    with HttpSession(base_url, BoundedRetry.of(MAX_WAIT_SECONDS)) as session:
        session.check_environment()


def read_limited(response: requests.Response, max_seconds: float, *, piece_bytes: int) -> Iterator[bytes]:
    """Yield a body in the pieces in which it arrives.

    Raises:
        TimeoutError: The body is not complete after `max_seconds`.
        HTTPError: The connection broke (urllib3's error).
    """
    read = getattr(response.raw, "read1", response.raw.read)  # `read` waits for a whole piece, `read1` does not
    until = time.monotonic() + max_seconds
    while piece := read(piece_bytes, decode_content=True):
        yield piece
        if time.monotonic() > until:
            raise TimeoutError


class DeadlineAdapter(HTTPAdapter):
    """An adapter of requests whose connections keep to their timeout, also through a proxy."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        """Return the pool for a request."""
        pool = cast(HTTPConnectionPool, super().get_connection_with_tls_context(*args, **kwargs))
        pool.ConnectionCls = with_deadline(cast(Any, pool.ConnectionCls))
        return pool

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, and note that the host was reached if it answered."""
        response = super().send(*args, **kwargs)
        if isinstance(self.max_retries, BoundedRetry):
            self.max_retries.bounds.reached.set()
        return response


@cache
def with_deadline(kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """Return a kind of connection (plain, TLS or through a SOCKS proxy) that keeps to its timeout."""
    if issubclass(kind, _DeadlineConnection):
        return kind
    return type(f"Deadline{kind.__name__}", (_DeadlineConnection, kind), {})


class _DeadlineConnection(HTTPConnection):
    """A connection that ends if an answer, with all its headers, takes longer than the timeout."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """Return the answer. Raises TimeoutError if it takes too long."""
        deadline = _watch.begin(self, float(self.timeout or 0))
        try:
            return super().getresponse()
        except (OSError, HTTPException) as broken:
            if deadline.missed:
                raise TimeoutError from broken
            raise
        finally:
            _watch.end(deadline)


@dataclass(eq=False)
class _Deadline:
    connection: HTTPConnection
    due: float
    missed: bool = False


class _Watch:
    """Ends connections that miss their deadlines. One thread for all: one thread each made a request twice as slow."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._deadlines: set[_Deadline] = set()
        self._thread: Thread | None = None

    def begin(self, connection: HTTPConnection, seconds: float) -> _Deadline:
        """Watch a connection for so long, or until `end`."""
        deadline = _Deadline(connection, time.monotonic() + seconds)
        with self._lock:
            self._deadlines.add(deadline)
            if self._thread is None or not self._thread.is_alive():  # a forked process has none of its parent's
                self._thread = Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
        return deadline

    def end(self, deadline: _Deadline) -> None:
        """Stop watching it."""
        with self._lock:
            self._deadlines.discard(deadline)

    def _run(self) -> None:
        while self._end_missed():
            time.sleep(_CHECK_SECONDS)

    def _end_missed(self) -> bool:
        """End the connections that missed their deadlines. Return whether any others are left."""
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
