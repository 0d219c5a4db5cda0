"""The routes: Heap's own, and those by which the sandbox is looked at and told what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox.answers import Reset, response
from dbt_heap.sandbox.faults import Fault, drawn, parse_faults
from dbt_heap.sandbox.intake import Intake
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.rules import ENDPOINTS, Endpoint
from dbt_heap.sandbox.store import Store

POINTER = """The dbt-heap sandbox: a local stand-in for Heap. What it got:

/sandbox/users      /sandbox/accounts      /sandbox/events      each also with ?app_id=
/sandbox/requests   also with ?app_id= and ?bodies=1
/sandbox/health
"""


class Door:
    """Heap's own routes, behind the latency and the faults of the moment."""

    def __init__(self, intake: Intake, options: SandboxOptions) -> None:
        self._intake = intake
        self._latency_seconds = options.latency_ms / 1000
        self.misbehave(options.faults, options.seed)

    def misbehave(self, faults: str, seed: int = 0) -> None:
        """Faults from the next request on.

        Raises:
            SettingsError: `faults` cannot be read.
        """
        self._faults: Iterator[Fault | None] = drawn(parse_faults(faults), seed)

    def routes(self) -> list[Route]:
        """A route for each endpoint."""
        return [self._route(endpoint) for endpoint in ENDPOINTS]

    def _route(self, endpoint: Endpoint) -> Route:
        async def post(request: Request) -> Response:
            fault = next(self._faults)
            try:
                body = await (_beginning(request) if fault and fault.within else request.body())
            except ClientDisconnect:
                return Reset()
            await asyncio.sleep(self._latency_seconds)
            return response(self._intake.answer(endpoint, body, request.headers.get("content-type", ""), fault))

        return Route(endpoint.path, post, methods=["POST"])


class Desk:
    """The routes under /sandbox."""

    def __init__(self, store: Store, intake: Intake, door: Door) -> None:
        self._store = store
        self._intake = intake
        self._door = door

    def routes(self) -> list[Route]:
        """The pointer at `/`, and all that it points at."""
        return [
            Route("/", self.pointer),
            Route("/sandbox/users", self.objects, name="users"),
            Route("/sandbox/accounts", self.objects, name="accounts"),
            Route("/sandbox/events", self.events),
            Route("/sandbox/requests", self.requests),
            Route("/sandbox/health", self.health),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
            Route("/sandbox/faults", self.faults, methods=["POST"]),
        ]

    async def pointer(self, request: Request) -> Response:
        """Where to look."""
        return PlainTextResponse(POINTER)

    async def objects(self, request: Request) -> Response:
        """The users, or the accounts."""
        plural = request.url.path.rpartition("/")[2]
        return _listed(self._store.objects(plural, request.query_params.get("app_id")))

    async def events(self, request: Request) -> Response:
        """The events."""
        return _listed(self._store.events(request.query_params.get("app_id")))

    async def requests(self, request: Request) -> Response:
        """The requests."""
        query = request.query_params
        return _listed(self._store.requests(query.get("app_id"), bodies=query.get("bodies") == "1"))

    async def health(self, request: Request) -> Response:
        """That it lives, and how much it holds."""
        return JSONResponse({"status": "ok", **self._store.counts()})

    async def reset(self, request: Request) -> Response:
        """Forgets everything but how to misbehave."""
        self._intake.reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        """New faults: the body is their text, `?seed=` their seed."""
        try:
            self._door.misbehave((await request.body()).decode(), int(request.query_params.get("seed", 0)))
        except (SettingsError, ValueError) as error:
            return PlainTextResponse(str(error), 400)
        return JSONResponse({})


def application(store: Store, intake: Intake, door: Door) -> Starlette:
    """The whole sandbox as an ASGI application."""
    return Starlette(routes=[*door.routes(), *Desk(store, intake, door).routes()])


async def _beginning(request: Request) -> bytes:
    """What has come of a body; of a large one more is on its way."""
    async for part in request.stream():
        return part
    return b""


def _listed(items: list[str]) -> Response:
    return Response(f"[{','.join(items)}]", media_type="application/json")
