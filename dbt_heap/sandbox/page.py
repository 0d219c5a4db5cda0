"""The page at `/`: files of this package, and a pointer for those who read no HTML."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

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
