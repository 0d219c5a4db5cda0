"""The routes: webhooks are judged and answered at once, and worked off behind."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dbt_heap.cloud.listener.options import ListenOptions
from dbt_heap.cloud.listener.queue import ClosedError, Queue, Worker
from dbt_heap.errors import printable

COMPLETED = "job.run.completed"  # comes once the artifacts are there, of failed runs too
SUCCESS, ERROR = 10, 20


@dataclass(frozen=True)
class Event:
    """One event. Those of other kinds than a run's end may lack ids."""

    event_id: str
    kind: str
    job: int
    run: int
    status: int


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether the header holds the HMAC of the body; found out in the same time whatever it holds."""
    expected = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().encode("utf-8", "replace"))


def parse_event(body: bytes) -> Event:
    """Return what a body says. Raises ValueError with the reason if it is not an event."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON, or it nests too deep") from None
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    for key, kind, named in (("eventType", str, "a text"), ("eventId", str, "a text"), ("data", dict, "an object")):
        if not isinstance(content.get(key), kind):
            raise ValueError(f"its {key} is {f'not {named}' if key in content else 'missing'}")
    event_id, data = content["eventId"], content["data"]
    if not 0 < len(event_id) <= 200:
        raise ValueError("its eventId is empty or longer than 200 characters")
    if content["eventType"] != COMPLETED:
        return Event(event_id, content["eventType"], 0, 0, 0)
    return Event(event_id, COMPLETED, *(_number(data, key) for key in ("jobId", "runId", "runStatusCode")))


def _number(data: dict[str, Any], key: str) -> int:
    if key not in data:
        raise ValueError(f"its data has no {key}")
    found = str(data[key])  # ids come as texts, the status as a number
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise ValueError(f"its {key} is not a number")
    return int(found)


class Seen:
    """The last events that were taken, so that one which is sent again is known."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def add(self, event_id: str) -> None:
        """Notes an event, and forgets the oldest where there are too many."""
        self._ids[event_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)


_log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0  # as long as dbt Cloud itself waits for an answer


class WebhookReceiver:
    """Judges what comes. It lives in one thread, the server's."""

    def __init__(self, options: ListenOptions, queue: Queue, worker: Worker) -> None:
        self._options = options
        self._queue = queue
        self._worker = worker
        self._seen = Seen()
        self.counts = {"received": 0, "refused": 0, "dropped": 0, "accepted": 0}

    async def post(self, request: Request) -> Response:
        """A webhook."""
        self.counts["received"] += 1
        status, said = await self._judged(request)
        level = logging.WARNING if status >= 400 else logging.INFO
        _log.log(level, "webhook from %s: %s (status %d)", _sender(request), printable(said), status)
        self.counts["refused" if status >= 400 else "dropped" if said.startswith("dropped") else "accepted"] += 1
        return JSONResponse({"status": said}, status)

    async def health(self, request: Request) -> Response:
        """200 as long as it works off what comes, however the last sync ended: a restart would not better that."""
        running, last = self._worker.running, self._worker.last
        well = self._worker.alive
        found = {
            "status": "ok" if well else "stopped",
            **self.counts,
            "waiting": len(self._queue),
            "again": [
                {"job": work.job, "tried": work.tried, "in_seconds": round(self._queue.seconds_until(work))}
                for work in self._queue.later()
            ],
            "running": {"job": running.job, "run": running.run} if running else None,
            "last": asdict(last) if last else None,
        }
        return JSONResponse(found, 200 if well else 503)

    async def _judged(self, request: Request) -> tuple[int, str]:
        try:
            body = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except (TimeoutError, ClientDisconnect):
            return 408, "the body did not come"
        if body is None:
            return 413, f"a body of more than {MAX_BODY_BYTES:,} bytes is not read"
        if not is_signed(self._options.secret, body, request.headers.get("authorization", "")):
            return 401, "the Authorization header is not the HMAC of the body"
        try:
            event = parse_event(body)
        except ValueError as reason:
            return 400, f"the body is not an event of dbt platform: {reason}"
        return self._taken(event)

    def _taken(self, event: Event) -> tuple[int, str]:
        if reason := self._unwanted(event):
            return 202, f"dropped: {reason}"
        try:
            self._queue.put(event.job, event.run)
        except ClosedError:
            return 503, "it is about to end"  # dbt Cloud sends it again
        self._seen.add(event.event_id)
        _log.info("job %d waits for its sync: its run %d ended", event.job, event.run)
        return 202, "accepted"

    def _unwanted(self, event: Event) -> str:
        if event.event_id in self._seen:
            return "this event came before"
        if event.kind != COMPLETED:
            return f"the event {event.kind} is not {COMPLETED}"
        if event.job not in self._options.jobs:
            return f"job {event.job} is not one of --job-id"
        if event.status in (SUCCESS, ERROR):
            return ""
        return (
            f"run {event.run} of job {event.job} ended with status {event.status}, and only {SUCCESS} and {ERROR} count"
        )


def application(reception: WebhookReceiver) -> Starlette:
    """The listener as an ASGI application."""
    routes = [Route("/", reception.post, methods=["POST"]), Route("/health", reception.health)]
    return Starlette(routes=routes, exception_handlers={404: _elsewhere, 405: _elsewhere})


async def _elsewhere(request: Request, error: Exception) -> Response:
    """Refuse a request that is no webhook: its sender may have the wrong address."""
    status = getattr(error, "status_code", 404)
    asked = printable(f"{request.method} {request.url.path[:100]}")
    _log.info("%s from %s: only POST / and GET /health are served (status %d)", asked, _sender(request), status)
    return JSONResponse({"status": "only POST / and GET /health are served"}, status)


def _sender(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _body(request: Request) -> bytes | None:
    """The whole body; None where it is too large, of which no more is read than that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
