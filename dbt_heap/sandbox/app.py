"""The whole sandbox as one application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware

from dbt_heap.sandbox.desk import Desk
from dbt_heap.sandbox.door import Door
from dbt_heap.sandbox.guard import Guard
from dbt_heap.sandbox.intake import Intake
from dbt_heap.sandbox.page import page_routes
from dbt_heap.sandbox.store import Store


def application(store: Store, intake: Intake, door: Door, host: str) -> Starlette:
    """The whole sandbox as an ASGI application; `host` is where it listens."""
    routes = [*door.routes(), *Desk(store, intake, door).routes(), *page_routes()]
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=host)])
