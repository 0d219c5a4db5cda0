"""Store in SQLite what Heap would hold, and every request.

Each request is one transaction, so a killed sandbox loses nothing that it answered. Values are stored as the JSON text
that was received, so numbers keep all digits.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dbt_heap.errors import SettingsError
from dbt_heap.http.limits import MAX_TEXT
from dbt_heap.sandbox.body import Body, Record, parse

_SCHEMA = """
create table if not exists objects (
    plural text, app_id text, id text, properties text, request integer, primary key (plural, app_id, id)
) without rowid;
create table if not exists events (
    number integer primary key, app_id text, idempotency_key text, item text, request integer,
    unique (app_id, idempotency_key)
);
create table if not exists requests (
    number integer primary key, app_id text, at text, path text, status integer, reason text,
    records integer, kept integer, body blob
);
create table if not exists deletions (
    id text primary key, app_id text, due real, done integer, identities text, user_ids text
);
"""
_INDEX = "create index if not exists objects_by_request on objects (plural, request)"
_TABLES = ("objects", "events", "requests", "deletions")
REQUEST_COLUMNS = ("app_id", "at", "path", "status", "reason", "records", "kept")
ID = {"users": "identity", "accounts": "account_id"}


@dataclass(frozen=True)
class LoggedRequest:
    """A request for the log."""

    at: float  # seconds since the epoch
    path: str
    status: int | None  # None: no answer
    reason: str  # of a refusal or a fault; otherwise empty
    app_id: str
    records: int
    body: bytes


class Store:
    """What Heap would hold, and the log of requests. Methods that list items return JSON texts. Thread-safe."""

    def __init__(self, file: Path | None = None) -> None:
        """Open the file, or a database in memory. Raises SettingsError if the file is not usable."""
        self._lock = threading.RLock()
        self.moment = time.time_ns()  # changes with every change of the content, also over a restart
        try:
            self._sql = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
            self._sql.execute("pragma journal_mode = wal")
            self._sql.execute("pragma synchronous = normal")  # a killed process loses nothing; a power failure may
            self._sql.executescript(_SCHEMA)
            self._migrate()
            self._sql.execute(_INDEX)
        except sqlite3.Error as error:
            raise SettingsError(f"the sandbox cannot store its data in {file}: {error}") from error

    def save(self, request: LoggedRequest, change: Callable[[sqlite3.Connection, int], int] | None = None) -> None:
        """Log a request and apply its change, in one transaction.

        `change` gets the connection and the request's number, and returns how many records it kept.
        """
        with self.transaction() as sql:
            number = self.rows("select coalesce(max(number), 0) + 1 from requests")[0][0]
            kept = change(sql, number) if change else 0
            sql.execute(
                f"insert into requests (number, {', '.join(REQUEST_COLUMNS)}, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(number, request.app_id, _iso(request.at), request.path, request.status, request.reason),
                    *(request.records, kept, zlib.compress(request.body, 1)),
                ),
            )

    def objects(self, plural: str, app_id: str | None = None) -> list[str]:
        """Return the `users` or `accounts`, sorted by ID, each with the last value of every property."""
        query = (
            "select app_id, id, properties from objects"
            " where plural = ? and app_id = coalesce(?, app_id) order by app_id, id"
        )
        return [object_text(plural, *row) for row in self.rows(query, (plural, app_id))]

    def events(self, app_id: str | None = None) -> list[str]:
        """Return the events in order of arrival."""
        query = "select item from events where app_id = coalesce(?, app_id) order by number"
        return [item for (item,) in self.rows(query, (app_id,))]

    def requests(self, app_id: str | None = None, *, bodies: bool = False) -> list[str]:
        """Return the requests in order of arrival, with their bodies if asked."""
        query = (
            f"select {', '.join(REQUEST_COLUMNS)}, {'body' if bodies else 'null'} from requests"
            " where app_id = coalesce(?, app_id) order by number"
        )
        return [
            json_text(
                dict(zip(REQUEST_COLUMNS, row, strict=False))
                | ({"body": zlib.decompress(row[-1]).decode(errors="replace")} if bodies else {})
            )
            for row in self.rows(query, (app_id,))
        ]

    def request_body(self, number: int) -> bytes | None:
        """Return the body of a request as it was received; None if the number is unknown."""
        found = self.rows("select body from requests where number = ?", (number,))
        return zlib.decompress(found[0][0]) if found else None

    def counts(self) -> dict[str, int]:
        """Return how many users, accounts, events and requests there are."""
        objects = dict(self.rows("select plural, count(*) from objects group by plural"))
        tables = {name: self.rows(f"select count(*) from {name}")[0][0] for name in ("events", "requests")}
        return {"users": objects.get("users", 0), "accounts": objects.get("accounts", 0), **tables}

    def reset(self) -> None:
        """Delete everything."""
        with self.transaction() as sql:
            for table in _TABLES:
                sql.execute(f"delete from {table}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._sql.close()

    def rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows of a query."""
        with self._lock:
            return self._sql.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all statements of a `with` block together."""
        with self._lock, self._sql:
            self._sql.execute("begin immediate")
            yield self._sql
            self.moment += 1

    def _migrate(self) -> None:
        """Add the number of the request to the tables of older files."""
        for table in ("objects", "events"):
            if "request" not in {column for _, column, *_ in self.rows(f"pragma table_info({table})")}:
                self._sql.execute(f"alter table {table} add column request integer")


def add_records(sql: sqlite3.Connection, number: int, body: Body, at: float) -> int:
    """Apply the records of a request as Heap does. Return how many were kept."""
    plural = body.endpoint.plural
    if plural == "events":
        return _add_events(sql, number, body, _iso(at))
    for record in body.records:
        _add_object(sql, (plural, body.app_id, record[ID[plural]]), record.get("properties", {}), number)
    return len(body.records)


def _add_object(sql: sqlite3.Connection, key: tuple[str, str, str], properties: Mapping[str, Any], number: int) -> None:
    held = sql.execute("select properties from objects where plural = ? and app_id = ? and id = ?", key).fetchone()
    merged = {**parse(held[0]), **properties} if held else properties
    sql.execute("insert or replace into objects values (?, ?, ?, ?, ?)", (*key, json_text(merged), number))


def _add_events(sql: sqlite3.Connection, number: int, body: Body, arrived: str) -> int:
    identities = {event["identity"] for event in body.records if "identity" in event}
    # https://developers.heap.io/reference/track-1: an unknown identity creates a user
    sql.executemany(
        "insert or ignore into objects values ('users', ?, ?, '{}', ?)",
        ((body.app_id, identity, number) for identity in identities),
    )
    before = sql.total_changes
    # the same page: later calls with the same idempotency_key "will not update data"
    sql.executemany(
        "insert or ignore into events (app_id, idempotency_key, item, request) values (?, ?, ?, ?)",
        (
            (body.app_id, event.get("idempotency_key"), _event_text(body.app_id, event, arrived), number)
            for event in body.records
        ),
    )
    return sql.total_changes - before


def _event_text(app_id: str, event: Record, arrived: str) -> str:
    fields = ("identity", "user_id", "event", "session_id", "idempotency_key")
    return json_text(
        {"app_id": app_id}
        | {name: event[name] for name in fields if name in event}
        | {"timestamp": event.get("timestamp", arrived)}
        | {"properties": {name: _joined(value) for name, value in event.get("properties", {}).items()}}
    )


def _joined(value: Any) -> Any:
    # https://developers.heap.io/reference/track-1: an array becomes one text of at most 1024 characters
    if not isinstance(value, list):
        return value
    return "||".join(each if isinstance(each, str) else json_text(each) for each in value)[: MAX_TEXT + 1]


def object_text(plural: str, app_id: str, key: str, properties: str) -> str:
    """Return a user or an account as JSON."""
    return f'{{"app_id":{json_text(app_id)},"{ID[plural]}":{json_text(key)},"properties":{properties}}}'


def json_text(value: object) -> str:
    """Return a value as JSON."""
    return orjson.dumps(value).decode()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
