"""Heap's own routes, with the latency and the faults of the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from dbt_heap.sandbox.body import ENDPOINTS, Endpoint
from dbt_heap.sandbox.deletion_api import AUTH_TOKEN, STATUS, USER_DELETION, Call, DeletionApi
from dbt_heap.sandbox.options import Fault, FaultSequence, SandboxOptions, parse_faults
from dbt_heap.sandbox.records_api import Answer, RecordsApi
from dbt_heap.sandbox.responses import Reset, response

POLL_SECONDS = 0.01  # how often a held answer checks whether it is released

_AnswerFunction: TypeAlias = Callable[[Request, bytes, "Fault | None"], Answer]


class HeapRoutes:
    """Heap's own routes. Each request may get a latency, a fault, and an answer that is held until released."""

    def __init__(self, records: RecordsApi, deletions: DeletionApi, options: SandboxOptions) -> None:
        self._records = records
        self._deletions = deletions
        self._latency_seconds = options.latency_ms / 1000
        self._before_hold: int | None = None  # answers to send before all others are held; None: hold none
        self.misbehave(options.faults, options.seed)

    def misbehave(self, faults: str, seed: int = 0) -> None:
        """Set the faults from the next request on. Raises SettingsError if they are invalid."""
        self.faults = FaultSequence(parse_faults(faults), seed)

    def hold(self, after: int = 0) -> None:
        """Hold all answers until `release`, except the next `after` ones. Their requests are processed already."""
        self._before_hold = after

    def release(self) -> None:
        """Send all held answers, and hold no longer."""
        self._before_hold = None

    def routes(self) -> list[Route]:
        """Return a route for each endpoint."""
        delete = self._route(self._deletion_answer)
        return [
            *(
                Route(each.path, self._route(partial(self._records_answer, each)), methods=["POST"])
                for each in ENDPOINTS
            ),
            Route(AUTH_TOKEN, delete, methods=["POST"]),
            Route(USER_DELETION, delete, methods=["POST"]),
            Route(STATUS + "{request_id}", delete, methods=["GET"]),
        ]

    def _route(self, answer: _AnswerFunction) -> Callable[[Request], Awaitable[Response]]:
        async def respond(request: Request) -> Response:
            fault = next(self.faults)
            try:
                body = await (_first_part(request) if fault and fault.within else request.body())
            except ClientDisconnect:
                return Reset()
            await asyncio.sleep(self._latency_seconds)
            self._deletions.delete_due()
            found = response(answer(request, body, fault))
            await self._until_released()
            return found

        return respond

    async def _until_released(self) -> None:
        if self._before_hold:
            self._before_hold -= 1
            return
        while self._before_hold == 0:
            await asyncio.sleep(POLL_SECONDS)

    def _records_answer(self, endpoint: Endpoint, request: Request, body: bytes, fault: Fault | None) -> Answer:
        return self._records.answer(endpoint, body, request.headers.get("content-type", ""), fault)

    def _deletion_answer(self, request: Request, body: bytes, fault: Fault | None) -> Answer:
        return self._deletions.answer(Call(request.url.path, request.headers.get("authorization", ""), body), fault)


async def _first_part(request: Request) -> bytes:
    """Return the first part of a body; of a large body, the rest is still being sent."""
    async for part in request.stream():
        return part
    return b""
