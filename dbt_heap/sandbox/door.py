"""Heap's own routes."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from dbt_heap.sandbox.answers import Reset, response
from dbt_heap.sandbox.faults import Draws, parse_faults
from dbt_heap.sandbox.intake import Intake
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.rules import ENDPOINTS, Endpoint


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
        self.draws = Draws(parse_faults(faults), seed)

    def routes(self) -> list[Route]:
        """A route for each endpoint."""
        return [self._route(endpoint) for endpoint in ENDPOINTS]

    def _route(self, endpoint: Endpoint) -> Route:
        async def post(request: Request) -> Response:
            fault = next(self.draws)
            try:
                body = await (_beginning(request) if fault and fault.within else request.body())
            except ClientDisconnect:
                return Reset()
            await asyncio.sleep(self._latency_seconds)
            return response(self._intake.answer(endpoint, body, request.headers.get("content-type", ""), fault))

        return Route(endpoint.path, post, methods=["POST"])


async def _beginning(request: Request) -> bytes:
    """What has come of a body; of a large one more is on its way."""
    async for part in request.stream():
        return part
    return b""
