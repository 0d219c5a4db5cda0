"""People that a model lists for deletion, and their synced rows."""

from __future__ import annotations

from typing import Any

from dbt_heap.sandbox.server import Sandbox
from tests.project import Outcome, Project

DELETIONS = {"type": "user_deletions", "identity": "user_id"}
VISITS = {
    "type": "events", "identity": "user_id", "event_name": "Visit", "timestamp": "at", "unique_key": ["user_id", "n"],
}  # fmt: skip


def shop(users: Project) -> Project:
    """The three users with a visit each, all synced."""
    rows = "select user_id, 1 as n, timestamp '2026-03-01 08:15:00' as at from ({})"
    users.table(
        "visits", rows.format("select 'ana' as user_id union all select 'bob' union all select 'cem'") + " as t"
    )
    users.declare("visits", VISITS)
    assert users.sync().exit_code == 0
    return users


def lists(project: Project, *identities: str, **block: Any) -> None:
    """Make a model list users to delete."""
    rows = (
        " union all ".join(f"select '{each}' as user_id" for each in identities) or "select 'x' as user_id where 1 = 0"
    )
    project.table("gone", rows)
    project.declare("gone", {**DELETIONS, **block})


def deleting(project: Project, *arguments: str, **environment: str) -> Outcome:
    """Run `dbt-heap sync` with all that a deletion needs."""
    return project.sync("--allow-deletions", "--yes", *arguments, **{"HEAP_API_KEY": "secret-key", **environment})


def asked(heap: Sandbox) -> list[dict[str, Any]]:
    """The requests to delete, as the sandbox logged them."""
    return [each for each in heap.requests(bodies=True) if each["path"].endswith("/user_deletion")]


def kept_of(project: Project, text: str) -> set[str]:
    """The tables of the state schema that hold a text in any of their columns."""
    found = set()
    for table in project.state_tables():
        rows = project.state(f'select * from state."{table}"')
        if any(text in str(value) for row in rows for value in row):
            found.add(table)
    return found
