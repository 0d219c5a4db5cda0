"""The sandbox's page, and the routes under /sandbox that it uses: lists with a search, counts, reset and faults.

An item of `?newest=` also has the number and the time of the request that sent it last. The number is null for items
in files of older versions, which did not store it.
"""

from __future__ import annotations

from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dbt_heap.errors import SettingsError
from dbt_heap.sandbox.body import MalformedError, parse
from dbt_heap.sandbox.database import REQUEST_COLUMNS, Store, json_text, object_text
from dbt_heap.sandbox.records_api import RecordsApi
from dbt_heap.sandbox.routes import HeapRoutes

INDEX = """The dbt-heap sandbox, a local server in Heap's place. Open this address in a browser to see what it received,
or read it as JSON:

/sandbox/users      /sandbox/accounts      /sandbox/events      each also with ?app_id=, ?newest=100 and ?search=
/sandbox/requests   the same, and ?bodies=1
/sandbox/health
"""
MAX_NEWEST = 1001  # the page lists 1,000, and one more shows that there are more

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {file.name: file for file in _FOLDER.iterdir() if file.suffix in _MEDIA_TYPES}

_NEWEST_OBJECTS = """
select objects.app_id, objects.id, objects.properties, objects.request, requests.at
from objects
left join requests on requests.number = objects.request
where objects.plural = :plural
    and objects.app_id = coalesce(:app_id, objects.app_id)
    and (
        :search = ''
        or instr(lower(objects.app_id || ' ' || objects.id), lower(:search))
        or instr(lower(objects.properties), lower(:json_search))
    )
order by objects.request desc, objects.app_id desc, objects.id desc
limit :count
"""
_NEWEST_EVENTS = """
select events.item, events.number, events.request, requests.at
from events
left join requests on requests.number = events.request
where events.app_id = coalesce(:app_id, events.app_id)
    and (:search = '' or instr(lower(events.item), lower(:json_search)))
order by events.number desc
limit :count
"""
_COLUMNS = ("number", *REQUEST_COLUMNS, "verdict")
_NEWEST_REQUESTS = f"""
with judged as (
    select
        *,
        case
            when reason like 'fault: %' then 'fault' when status in (200, 201) then 'accepted' else 'refused'
        end as verdict
    from requests
)
select {", ".join(_COLUMNS)}
from judged
where app_id = coalesce(:app_id, app_id)
    and number = coalesce(:number, number)
    and (
        :search = ''
        or instr(
            lower(path || ' ' || coalesce(status, 'no answer') || ' ' || verdict || ' ' || reason || ' ' || app_id),
            lower(:search)
        )
    )
order by number desc
limit :count
"""


class UiRoutes:
    """The page and the routes under /sandbox."""

    def __init__(self, store: Store, records: RecordsApi, heap_routes: HeapRoutes) -> None:
        self._store = store
        self._records = records
        self._heap_routes = heap_routes

    def routes(self) -> list[Route]:
        """Return all routes."""
        return [
            *(Route(f"/sandbox/{plural}", self.items) for plural in ("users", "accounts", "events", "requests")),
            Route("/sandbox/requests/{number}/body", self.body),
            Route("/sandbox/health", self.health),
            Route("/sandbox/now", self.now),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
            Route("/sandbox/faults", self.faults, methods=["POST"]),
            Route("/", _page),
            Route("/static/{name}", _static),
        ]

    async def items(self, request: Request) -> Response:
        """Answer with all users, accounts, events or requests; with `?newest=`, the newest ones that match."""
        plural, query = request.url.path.rpartition("/")[2], request.query_params
        app_id = query.get("app_id")
        if "newest" in query:
            items = self._newest(plural, request)
        elif plural == "events":
            items = self._store.events(app_id)
        elif plural == "requests":
            items = self._store.requests(app_id, bodies=query.get("bodies") == "1")
        else:
            items = self._store.objects(plural, app_id)
        return Response(f"[{','.join(items)}]", media_type="application/json")

    async def body(self, request: Request) -> Response:
        """Answer with a request's body as it was received; with `?indented=1`, formatted."""
        body = self._store.request_body(_number(request.path_params["number"]))
        if body is None:
            return PlainTextResponse("unknown request number", 404)
        return PlainTextResponse(_indented(body) if request.query_params.get("indented") == "1" else body)

    async def health(self, request: Request) -> Response:
        """Answer with the counts."""
        return JSONResponse({"status": "ok", **self._store.counts()})

    async def now(self, request: Request) -> Response:
        """Answer with the counts and faults, or with 204 if they have not changed since the moment in `?seen=`."""
        faults, seed = str(self._heap_routes.faults.left), self._heap_routes.faults.seed
        moment = f"{self._store.moment} {faults} {seed}"
        if request.query_params.get("seen") == moment:
            return Response(status_code=204)
        return JSONResponse({"moment": moment, **self._store.counts(), "faults": faults, "seed": seed})

    async def reset(self, request: Request) -> Response:
        """Delete everything except the faults."""
        self._records.reset()
        return JSONResponse({})

    async def faults(self, request: Request) -> Response:
        """Set the faults to the text in the body, with the seed in `?seed=`."""
        try:
            self._heap_routes.misbehave((await request.body()).decode(), int(request.query_params.get("seed", 0)))
        except (SettingsError, ValueError) as error:
            return PlainTextResponse(str(error), 400)
        return JSONResponse({})

    def _newest(self, plural: str, request: Request) -> list[str]:
        """Return the newest items that contain the text in `?search=`, ignoring the case of A to Z, as JSON texts."""
        query = request.query_params
        search = query.get("search", "")
        parameters = {
            "plural": plural,
            "count": min(_number(query["newest"]), MAX_NEWEST),
            "app_id": query.get("app_id"),
            "number": _number(query["number"]) if "number" in query else None,
            "search": search,
            "json_search": json_text(search)[1:-1],  # as it is written in JSON
        }
        if plural == "requests":
            rows = self._store.rows(_NEWEST_REQUESTS, parameters)
            return [json_text(dict(zip(_COLUMNS, row, strict=True))) for row in rows]
        if plural == "events":
            rows = self._store.rows(_NEWEST_EVENTS, parameters)
            return [_with_fields(item, number=number, request=by, at=at) for item, number, by, at in rows]
        rows = self._store.rows(_NEWEST_OBJECTS, parameters)
        return [_with_fields(object_text(plural, *row), request=by, at=at) for *row, by, at in rows]


async def _page(request: Request) -> Response:
    is_browser = "text/html" in request.headers.get("accept", "")
    return _file("index.html") if is_browser else PlainTextResponse(INDEX)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    return _file(name) if name in _FILES else PlainTextResponse("unknown file", 404)


def _file(name: str) -> Response:
    file = _FILES[name]
    return Response(file.read_bytes(), media_type=_MEDIA_TYPES[file.suffix])


def _with_fields(item: str, **fields: object) -> str:
    return f"{item[:-1]},{json_text(fields)[1:]}"


def _number(text: str) -> int:
    """Return the number in a text, or 0, which no item has, for any other text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _indented(body: bytes) -> bytes:
    try:
        return orjson.dumps(parse(body), option=orjson.OPT_INDENT_2)
    except MalformedError:
        return body
