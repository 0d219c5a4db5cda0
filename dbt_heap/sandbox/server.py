"""Run the sandbox: for the command line (`serve`), and in tests (`running`)."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dbt_heap.http.local_socket import listening, url_of
from dbt_heap.sandbox.cross_site import CrossSiteGuard
from dbt_heap.sandbox.database import Store
from dbt_heap.sandbox.deletion_api import DeletionApi
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.records_api import RecordsApi
from dbt_heap.sandbox.responses import Connection
from dbt_heap.sandbox.routes import HeapRoutes
from dbt_heap.sandbox.ui import UiRoutes

Item = dict[str, Any]


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox. Numbers in its items are int, or Decimal if they have a decimal point or an exponent."""

    url: str
    _store: Store
    _records: RecordsApi
    _deletions: DeletionApi
    _heap_routes: HeapRoutes
    _server: uvicorn.Server

    def users(self, app_id: str | None = None) -> list[Item]:
        """Return the users, sorted by identity: app_id, identity, properties."""
        return _items(self._store.objects("users", app_id))

    def accounts(self, app_id: str | None = None) -> list[Item]:
        """Return the accounts, sorted by ID: app_id, account_id, properties."""
        return _items(self._store.objects("accounts", app_id))

    def events(self, app_id: str | None = None) -> list[Item]:
        """Return the events in order of arrival: app_id, identity or user_id, event, timestamp, properties, …"""
        return _items(self._store.events(app_id))

    def requests(self, app_id: str | None = None, *, bodies: bool = False) -> list[Item]:
        """Return the requests in order of arrival: at, path, status, reason, records, kept; with `bodies`, body."""
        return _items(self._store.requests(app_id, bodies=bodies))

    def counts(self) -> dict[str, int]:
        """Return how many users, accounts, events and requests there are."""
        return self._store.counts()

    def misbehave(self, faults: str, seed: int = 0) -> None:
        """Set the faults from the next request on; an empty text turns them off."""
        self._heap_routes.misbehave(faults, seed)

    def hold(self, after: int = 0) -> None:
        """Hold all answers until `release`, except the next `after` ones. Their requests are processed already."""
        self._heap_routes.hold(after)

    def release(self) -> None:
        """Send all held answers, and hold no longer."""
        self._heap_routes.release()

    def drain(self) -> None:
        """Wait until all clients have disconnected and everything that they sent is processed."""
        with closing(HTTPConnection(urlsplit(self.url).netloc)) as last:  # accepted after all earlier connections
            last.request("GET", "/sandbox/now")
            last.getresponse().read()
        state = self._server.server_state
        while state.connections or state.tasks:
            time.sleep(0.005)

    def refuse(self, *subjects: str) -> None:
        """Answer 400 to requests that name one of these identities, user IDs or account IDs, and to no others."""
        self._records.refused = self._deletions.refused = frozenset(subjects)

    def complete_deletions(self) -> None:
        """Complete all requested deletions now."""
        self._deletions.delete_due(float("inf"))

    def reset(self) -> None:
        """Delete everything except the faults and what to refuse."""
        self._records.reset()


@contextmanager
def running(options: SandboxOptions) -> Iterator[Sandbox]:
    """Run a sandbox in a thread within a `with` block. It accepts connections from the start.

    Raises SettingsError if the port is not available, the file is not usable, or the faults are invalid.
    """
    with (
        closing(Store(options.data)) as store,
        closing(listening("sandbox", options.host, options.port, backlog=2048)) as listener,
    ):
        records = RecordsApi(options, store)
        deletions = DeletionApi(options, store)
        heap_routes = HeapRoutes(records, deletions, options)
        application = Starlette(
            routes=[*heap_routes.routes(), *UiRoutes(store, records, heap_routes).routes()],
            middleware=[Middleware(CrossSiteGuard, host=options.host)],
        )
        config = uvicorn.Config(
            application, http=Connection, ws="none", lifespan="off", log_config=None, log_level="error",
            access_log=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Sandbox(url_of(listener), store, records, deletions, heap_routes, server)
        finally:
            heap_routes.release()
            server.should_exit = True
            thread.join()


def serve(options: SandboxOptions, *, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Call it in the main thread only.

    Args:
        ready: called with the URL once the sandbox accepts connections.

    Raises:
        SettingsError: the port is not available, the file is not usable, or the faults are invalid.
    """
    stop = threading.Event()
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(options) as sandbox:
            ready(sandbox.url)
            stop.wait()
    finally:
        for number, action in previous.items():
            signal.signal(number, action)


def _items(texts: list[str]) -> list[Item]:
    return [json.loads(text, parse_float=Decimal) for text in texts]
