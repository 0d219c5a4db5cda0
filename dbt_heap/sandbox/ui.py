"""The routes under /sandbox: by which it is looked at, and told what to do."""

from __future__ import annotations

from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox.body import MalformedError, parse
from dbt_heap.sandbox.database import Store
from dbt_heap.sandbox.records_api import Intake
from dbt_heap.sandbox.routes import Door
from dbt_heap.sandbox.search import newest

POINTER = """The dbt-heap sandbox: a local stand-in for Heap. A browser shows here what it got; as JSON:

/sandbox/users      /sandbox/accounts      /sandbox/events      each also with ?app_id=, ?newest=100 and ?search=
/sandbox/requests   the same, and ?bodies=1
/sandbox/health
"""

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: file for file in _FOLDER.iterdir() if file.suffix in _MEDIA_TYPES}


def page_routes() -> list[Route]:
    """The page, and the files that it is made of."""
    return [Route("/", _page), Route("/static/{name}", _file)]


async def _page(request: Request) -> Response:
    return _sent("index.html") if "text/html" in request.headers.get("accept", "") else PlainTextResponse(POINTER)


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    return _sent(name) if name in _FILES else PlainTextResponse("The page has no such file.", 404)


def _sent(name: str) -> Response:
    file = _FILES[name]
    return Response(file.read_bytes(), media_type=_MEDIA_TYPES[file.suffix])


_MOST = 1001  # the page lists a thousand, and wants to know whether there are more


class Desk:
    """The routes under /sandbox."""

    def __init__(self, store: Store, intake: Intake, door: Door) -> None:
        self._store = store
        self._intake = intake
        self._door = door

    def routes(self) -> list[Route]:
        """All that the pointer at `/` points at, and what the page needs besides."""
        return [
            Route("/sandbox/users", self.held, name="users"),
            Route("/sandbox/accounts", self.held, name="accounts"),
            Route("/sandbox/events", self.held, name="events"),
            Route("/sandbox/requests", self.held, name="requests"),
            Route("/sandbox/requests/{number}/body", self.body),
            Route("/sandbox/health", self.health),
            Route("/sandbox/now", self.now),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
            Route("/sandbox/faults", self.faults, methods=["POST"]),
        ]

    async def held(self, request: Request) -> Response:
        """The users, accounts, events or requests: all of them, or with `?newest=` the newest."""
        plural = request.url.path.rpartition("/")[2]
        if "newest" in request.query_params:
            return self._newest(plural, request)
        return _listed(self._all(plural, request))

    async def body(self, request: Request) -> Response:
        """A request's body as it came, or with `?indented=1` for people to read."""
        body = self._store.body(_whole(request.path_params["number"]))
        if body is None:
            return PlainTextResponse("There is no such request.", 404)
        return PlainTextResponse(_indented(body) if request.query_params.get("indented") == "1" else body)

    async def health(self, request: Request) -> Response:
        """That it lives, and how much it holds."""
        return JSONResponse({"status": "ok", **self._store.counts()})

    async def now(self, request: Request) -> Response:
        """How much it holds and which faults may come; nothing (204) where that is as it was at the moment `?seen=`."""
        faults, seed = str(self._door.draws.left), self._door.draws.seed
        moment = f"{self._store.moment} {faults} {seed}"
        if request.query_params.get("seen") == moment:
            return Response(status_code=204)
        return JSONResponse({"moment": moment, **self._store.counts(), "faults": faults, "seed": seed})

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

    def _all(self, plural: str, request: Request) -> list[str]:
        query = request.query_params
        app_id = query.get("app_id")
        if plural == "events":
            return self._store.events(app_id)
        if plural == "requests":
            return self._store.requests(app_id, bodies=query.get("bodies") == "1")
        return self._store.objects(plural, app_id)

    def _newest(self, plural: str, request: Request) -> Response:
        query = request.query_params
        number = _whole(query["number"]) if "number" in query else None
        count, search = min(_whole(query["newest"]), _MOST), query.get("search", "")
        return _listed(
            newest(self._store, plural, count=count, search=search, app_id=query.get("app_id"), number=number)
        )


def _whole(text: str) -> int:
    """The number in a text as people type it; 0, which is none, where there is another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _listed(items: list[str]) -> Response:
    return Response(f"[{','.join(items)}]", media_type="application/json")


def _indented(body: bytes) -> bytes:
    try:
        return orjson.dumps(parse(body), option=orjson.OPT_INDENT_2)
    except MalformedError:
        return body
