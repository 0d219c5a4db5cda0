"""Three users, and what Heap was sent and holds of them."""

from __future__ import annotations

import json
from typing import Any

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project

USERS: dict[str, Any] = {
    "type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan", "Seats": "seats"},
}  # fmt: skip
ROWS = "select * from (values ('ana', 'team', 3), ('bob', 'free', 1), ('cem', null, 2)) as t(user_id, plan, seats)"


def many_users(project: Project, rows: int) -> None:
    """Create as many users as it takes to fill several batches."""
    project.table("heap_users", f"select 'u' || i as user_id, i as seats from generate_series(1, {rows}) as t(i)")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["seats"]})


def held(heap: Sandbox) -> dict[str, dict[str, Any]]:
    """What Heap holds of users: identity -> properties."""
    return {user["identity"]: user["properties"] for user in heap.users()}


def sent(heap: Sandbox) -> list[dict[str, Any]]:
    """The records of all requests since the last reset of the sandbox."""
    bodies = [json.loads(request["body"]) for request in heap.requests(bodies=True)]
    return [record for body in bodies for record in body.get("users") or body.get("accounts") or body.get("events")]
