"""Deletion requests as the sandbox keeps them. Who is deleted leaves all app ids, as in Heap all environments."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import orjson

SCHEMA = """
create table if not exists deletions (
    id text primary key, app_id text, due real, done integer, identities text, user_ids text
);
"""
_DUE = "from deletions, json_each({}) where due <= ? and not done"


@dataclass(frozen=True)
class Deletion:
    """Whom to delete, and when."""

    id: str
    app_id: str
    due: float  # seconds since the epoch
    identities: tuple[str, ...]
    user_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.identities) + len(self.user_ids)


def take(sql: sqlite3.Connection, deletion: Deletion) -> int:
    """Keeps a request; the number of people in it comes back."""
    people = (orjson.dumps(each).decode() for each in (deletion.identities, deletion.user_ids))
    sql.execute(
        "insert into deletions values (?, ?, ?, 0, ?, ?)", (deletion.id, deletion.app_id, deletion.due, *people)
    )
    return len(deletion)


def is_any_due(sql: sqlite3.Connection, now: float) -> bool:
    """Whether a request waits to be carried out."""
    return sql.execute("select 1 from deletions where due <= ? and not done", (now,)).fetchone() is not None


def delete_due(sql: sqlite3.Connection, now: float) -> None:
    """Carries out what is due."""
    of_event = "json_extract(item, '$.{}') in (select {} {})"
    identity = of_event.format("identity", "value", _DUE.format("identities"))
    user_id = of_event.format("user_id", "cast(value as text)", _DUE.format("user_ids"))
    sql.execute(f"delete from events where {identity} or {user_id}", (now, now))
    users = f"select value {_DUE.format('identities')}"
    sql.execute(f"delete from objects where plural = 'users' and id in ({users})", (now,))
    sql.execute("update deletions set done = 1 where due <= ?", (now,))


def is_done(sql: sqlite3.Connection, request_id: str, app_id: str) -> bool | None:
    """Whether a request is carried out; None where the app id has none of this id."""
    found = sql.execute("select done from deletions where id = ? and app_id = ?", (request_id, app_id)).fetchone()
    return bool(found[0]) if found else None
