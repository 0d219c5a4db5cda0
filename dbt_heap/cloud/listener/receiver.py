"""The listener's routes: check a webhook, answer at once, and queue its job."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dbt_heap.cloud.listener.queue import ClosedError, ListenOptions, Queue, Worker
from dbt_heap.errors import printable

COMPLETED = "job.run.completed"  # sent once the artifacts are saved, also for failed runs
SUCCESS, ERROR = 10, 20
MAX_BODY_BYTES = 1 << 20
BODY_SECONDS = 10.0  # the dbt platform itself waits this long for an answer

_ONLY_ROUTES = "only POST / and GET /health are served"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Event:
    """What a webhook reports. The numbers are 0 unless its kind is COMPLETED."""

    kind: str
    job: int = 0
    run: int = 0
    status: int = 0


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Return whether a header is the HMAC-SHA256 of a body, in constant time."""
    expected = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(expected.encode(), header.strip().encode("utf-8", "replace"))


def parse_event(body: bytes) -> Event:
    """Return the event in a body. Raises ValueError with the reason if there is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not valid JSON, or nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("it is not a JSON object")
    for key, kind, expected in (("eventType", str, "a string"), ("data", dict, "an object")):
        if not isinstance(content.get(key), kind):
            raise ValueError(f"{key} is not {expected}" if key in content else f"{key} is missing")
    if content["eventType"] != COMPLETED:
        return Event(content["eventType"])
    return Event(COMPLETED, *(_number(content["data"], key) for key in ("jobId", "runId", "runStatusCode")))


def _number(data: dict[str, Any], key: str) -> int:
    if key not in data:
        raise ValueError(f"data.{key} is missing")
    found = str(data[key])  # the IDs are strings, the status is a number
    if not re.fullmatch(r"[0-9]{1,18}", found):
        raise ValueError(f"data.{key} is not a number")
    return int(found)


class WebhookReceiver:
    """The routes and their counts. Only the server's thread uses it."""

    def __init__(self, options: ListenOptions, queue: Queue, worker: Worker) -> None:
        self._options = options
        self._queue = queue
        self._worker = worker
        self._counts = {"received": 0, "refused": 0, "ignored": 0, "accepted": 0}

    def application(self) -> Starlette:
        """Return the listener as an ASGI application."""
        routes = [Route("/", self.post, methods=["POST"]), Route("/health", self.health)]
        return Starlette(routes=routes, exception_handlers={404: _not_served, 405: _not_served})

    async def post(self, request: Request) -> Response:
        """Answer a webhook."""
        self._counts["received"] += 1
        status, verdict = await self._receive(request)
        level = logging.WARNING if status >= 400 else logging.INFO
        _log.log(level, "webhook from %s: %s (status %d)", _sender(request), printable(verdict), status)
        self._counts["refused" if status >= 400 else verdict.partition(":")[0]] += 1
        return JSONResponse({"status": verdict}, status)

    async def health(self, request: Request) -> Response:
        """Answer 200 while the worker is alive. A failed sync is no reason for 503, because restarting won't help."""
        running, last = self._worker.running, self._worker.last
        alive = self._worker.is_alive()
        content = {
            "status": "ok" if alive else "stopped",
            **self._counts,
            "waiting": len(self._queue),
            "again": [
                {"job": work.job, "tried": work.failed_tries, "in_seconds": round(seconds)}
                for work, seconds in self._queue.retries()
            ],
            "running": {"job": running.job, "run": running.run} if running else None,
            "last": asdict(last) if last else None,
        }
        return JSONResponse(content, 200 if alive else 503)

    async def _receive(self, request: Request) -> tuple[int, str]:
        """Return a webhook's status and verdict: `accepted`, `ignored: <reason>`, or the reason of a refusal."""
        try:
            body = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except (TimeoutError, ClientDisconnect):
            return 408, "the body did not arrive in time"
        if body is None:
            return 413, f"the body is larger than {MAX_BODY_BYTES:,} bytes"
        if not is_signed(self._options.secret, body, request.headers.get("authorization", "")):
            return 401, "the Authorization header is not the HMAC of the body"
        try:
            event = parse_event(body)
        except ValueError as reason:
            return 400, f"the body is not a dbt platform event: {reason}"
        if reason_ignored := self._reason_ignored(event):
            return 202, f"ignored: {reason_ignored}"
        try:
            self._queue.put(event.job, event.run)
        except ClosedError:
            return 503, "the listener is shutting down"  # the dbt platform sends it again
        _log.info("job %d is queued: its run %d ended", event.job, event.run)
        return 202, "accepted"

    def _reason_ignored(self, event: Event) -> str:
        if event.kind != COMPLETED:
            return f"the event is {event.kind}, not {COMPLETED}"
        if event.job not in self._options.jobs:
            return f"no --job-id names job {event.job}"
        if event.status not in (SUCCESS, ERROR):
            return (
                f"run {event.run} of job {event.job} ended with status {event.status}, "
                f"not {SUCCESS} (success) or {ERROR} (error)"
            )
        return ""


async def _not_served(request: Request, error: Exception) -> Response:
    """Refuse any other request, and log it: the webhook may have the wrong address."""
    status = getattr(error, "status_code", 404)
    requested = printable(f"{request.method} {request.url.path[:100]}")
    _log.info("%s from %s: %s (status %d)", requested, _sender(request), _ONLY_ROUTES, status)
    return JSONResponse({"status": _ONLY_ROUTES}, status)


def _sender(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _body(request: Request) -> bytes | None:
    """Return the whole body, or None as soon as it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)
