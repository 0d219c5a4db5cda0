"""The sandbox as a server: for a command line (`serve`), and for tests (`running`)."""

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
from dbt_heap.sandbox.cross_site import Guard
from dbt_heap.sandbox.database import Store
from dbt_heap.sandbox.deletion_api import Erasure
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.records_api import Intake
from dbt_heap.sandbox.responses import Connection
from dbt_heap.sandbox.routes import Door
from dbt_heap.sandbox.ui import Desk, page_routes


def application(store: Store, intake: Intake, door: Door, host: str) -> Starlette:
    """The whole sandbox as an ASGI application; `host` is where it listens."""
    routes = [*door.routes(), *Desk(store, intake, door).routes(), *page_routes()]
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=host)])


Item = dict[str, Any]


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox. Items come as its JSON shows them, with ints as int and other numbers as Decimal."""

    url: str
    _store: Store
    _intake: Intake
    _erasure: Erasure
    _door: Door
    _server: uvicorn.Server

    def users(self, app_id: str | None = None) -> list[Item]:
        """The users by identity: app_id, identity, properties."""
        return _items(self._store.objects("users", app_id))

    def accounts(self, app_id: str | None = None) -> list[Item]:
        """The accounts by id: app_id, account_id, properties."""
        return _items(self._store.objects("accounts", app_id))

    def events(self, app_id: str | None = None) -> list[Item]:
        """The events in order of arrival: app_id, identity or user_id, event, timestamp, properties …"""
        return _items(self._store.events(app_id))

    def requests(self, app_id: str | None = None, *, bodies: bool = False) -> list[Item]:
        """The requests in order of arrival: at, path, status, reason, records, kept; body, a text, if asked."""
        return _items(self._store.requests(app_id, bodies=bodies))

    def counts(self) -> dict[str, int]:
        """How many users, accounts, events and requests there are."""
        return self._store.counts()

    def misbehave(self, faults: str, seed: int = 0) -> None:
        """Faults from the next request on; none where the text is empty."""
        self._door.misbehave(faults, seed)

    def hold(self, after: int = 0) -> None:
        """Hold all answers until `release`, but for the next `after` ones. What they answer is taken already."""
        self._door.hold(after)

    def release(self) -> None:
        """Send all answers that are held, and hold no more."""
        self._door.release()

    def drain(self) -> None:
        """Wait until all clients have gone, and all that they sent is taken."""
        with closing(HTTPConnection(urlsplit(self.url).netloc)) as last:  # accepted after all who came before
            last.request("GET", "/sandbox/now")
            last.getresponse().read()
        state = self._server.server_state
        while state.connections or state.tasks:
            time.sleep(0.005)

    def refuse(self, *subjects: str) -> None:
        """Answers 400 to what names one of these identities, user ids or account ids, and to no others."""
        self._intake.refused = self._erasure.refused = frozenset(subjects)

    def complete_deletions(self) -> None:
        """Is done now with all deletions that were asked for."""
        self._store.delete_due(float("inf"))

    def reset(self) -> None:
        """Forgets everything but how to misbehave and whom to refuse."""
        self._intake.reset()


@contextmanager
def running(options: SandboxOptions) -> Iterator[Sandbox]:
    """A sandbox served by a thread, and listening from the first moment.

    Raises:
        SettingsError: the port is taken, the file is unusable, or the faults cannot be read.
    """
    with (
        closing(Store(options.data)) as store,
        closing(listening("sandbox", options.host, options.port, backlog=2048)) as listener,
    ):
        intake = Intake(options, store)
        erasure = Erasure(options, store)
        door = Door(intake, erasure, options)
        config = uvicorn.Config(
            application(store, intake, door, options.host), http=Connection, ws="none", lifespan="off", log_config=None,
            log_level="error", access_log=False, timeout_keep_alive=75, timeout_graceful_shutdown=5,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Sandbox(url_of(listener), store, intake, erasure, door, server)
        finally:
            door.release()
            server.should_exit = True
            thread.join()


def serve(options: SandboxOptions, *, ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; calls `ready` with the URL once it listens. For the main thread only.

    Raises:
        SettingsError: the port is taken, the file is unusable, or the faults cannot be read.
    """
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(options) as sandbox:
            ready(sandbox.url)
            stop.wait()
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _items(texts: list[str]) -> list[Item]:
    return [json.loads(text, parse_float=Decimal) for text in texts]
