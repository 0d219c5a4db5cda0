"""Heap's own routes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from dbt_heap.sandbox.deletion_api import AUTH_TOKEN, STATUS, USER_DELETION, Call, Erasure
from dbt_heap.sandbox.options import Draws, Fault, SandboxOptions, parse_faults
from dbt_heap.sandbox.records_api import Answer, Intake
from dbt_heap.sandbox.responses import Reset, response
from dbt_heap.sandbox.rules import ENDPOINTS, Endpoint

LOOK_SECONDS = 0.01  # at whether held answers may go

_Judge: TypeAlias = Callable[[Request, bytes, "Fault | None"], Answer]


class Door:
    """Heap's own routes, behind the latency and the faults of the moment, and for as long as answers are held."""

    def __init__(self, intake: Intake, erasure: Erasure, options: SandboxOptions) -> None:
        self._intake = intake
        self._erasure = erasure
        self._latency_seconds = options.latency_ms / 1000
        self._unheld: int | None = None  # answers that still go before all others are held; None if none is
        self.misbehave(options.faults, options.seed)

    def misbehave(self, faults: str, seed: int = 0) -> None:
        """Faults from the next request on.

        Raises:
            SettingsError: `faults` cannot be read.
        """
        self.draws = Draws(parse_faults(faults), seed)

    def hold(self, after: int = 0) -> None:
        """Hold all answers until `release`, but for the next `after` ones. What they answer is taken already."""
        self._unheld = after

    def release(self) -> None:
        """Send all answers that are held, and hold no more."""
        self._unheld = None

    def routes(self) -> list[Route]:
        """A route for each endpoint, those of deletion at the end."""
        erase = self._route(self._erased)
        return [
            *(Route(each.path, self._route(partial(self._taken, each)), methods=["POST"]) for each in ENDPOINTS),
            Route(AUTH_TOKEN, erase, methods=["POST"]),
            Route(USER_DELETION, erase, methods=["POST"]),
            Route(STATUS + "{request_id}", erase, methods=["GET"]),
        ]

    def _route(self, judged: _Judge) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            fault = next(self.draws)
            try:
                body = await (_beginning(request) if fault and fault.within else request.body())
            except ClientDisconnect:
                return Reset()
            await asyncio.sleep(self._latency_seconds)
            found = response(judged(request, body, fault))
            await self._released()
            return found

        return answer

    async def _released(self) -> None:
        if self._unheld:
            self._unheld -= 1
            return
        while self._unheld == 0:
            await asyncio.sleep(LOOK_SECONDS)

    def _taken(self, endpoint: Endpoint, request: Request, body: bytes, fault: Fault | None) -> Answer:
        return self._intake.answer(endpoint, body, request.headers.get("content-type", ""), fault)

    def _erased(self, request: Request, body: bytes, fault: Fault | None) -> Answer:
        return self._erasure.answer(Call(request.url.path, request.headers.get("authorization", ""), body), fault)


async def _beginning(request: Request) -> bytes:
    """What has come of a body; of a large one more is on its way."""
    async for part in request.stream():
        return part
    return b""
