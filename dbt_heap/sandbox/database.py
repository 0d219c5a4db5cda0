"""What Heap would hold, and every request, in SQLite: one transaction a request, safe from kills.

Values are kept as the JSON text they came in, so that no digit is lost.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from dbt_heap.errors import SettingsError
from dbt_heap.http.limits import MAX_TEXT
from dbt_heap.sandbox import deletion_store
from dbt_heap.sandbox.body import Submission, parse
from dbt_heap.sandbox.deletion_store import Deletion
from dbt_heap.sandbox.rules import Record

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
"""
_NEWEST = "create index if not exists objects_by_request on objects (plural, request)"
LOGGED = ("app_id", "at", "path", "status", "reason", "records", "kept")
_TABLES = ("objects", "events", "requests", "deletions")
ID = {"users": "identity", "accounts": "account_id"}


@dataclass(frozen=True)
class Entry:
    """One request as the log shows it."""

    at: float  # seconds since the epoch
    path: str
    status: int | None  # None: no answer was given
    reason: str  # of a refusal or a fault, else empty
    app_id: str
    records: int
    body: bytes


class Store:
    """A sandbox's memory. A read returns JSON texts, one an item; any thread may call any method."""

    def __init__(self, file: Path | None = None) -> None:
        """Opens the file, or memory.

        Raises:
            SettingsError: the file cannot be opened, or is something else.
        """
        self._lock = threading.RLock()
        self.moment = time.time_ns()  # another one whenever something changed, also after a restart
        try:
            self._sql = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
            self._sql.execute("pragma journal_mode = wal")
            self._sql.execute("pragma synchronous = normal")  # a killed process loses nothing; a power cut may
            self._sql.executescript(_SCHEMA + deletion_store.SCHEMA)
            self._migrate()
            self._sql.execute(_NEWEST)
        except sqlite3.Error as error:
            raise SettingsError(f"the sandbox cannot keep its data in {file}: {error}") from error

    def keep(self, entry: Entry, taken: Submission | None, deletion: Deletion | None = None) -> None:
        """Logs the request and, where something was taken from it, keeps that: both or neither."""
        with self._transaction():
            number = self.rows("select coalesce(max(number), 0) + 1 from requests")[0][0]
            kept = self._take(taken, number, entry.at) if taken else 0
            kept += deletion_store.take(self._sql, deletion) if deletion else 0
            self._sql.execute(
                f"insert into requests (number, {', '.join(LOGGED)}, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(number, entry.app_id, _iso(entry.at), entry.path, entry.status, entry.reason),
                    *(entry.records, kept, zlib.compress(entry.body, 1)),
                ),
            )

    def objects(self, plural: str, app_id: str | None = None) -> list[str]:
        """The `users` or `accounts`, by id, each with the last value of every property."""
        query = (
            "select app_id, id, properties from objects"
            " where plural = ? and app_id = coalesce(?, app_id) order by app_id, id"
        )
        return [
            f'{{"app_id":{_json(app)},"{ID[plural]}":{_json(key)},"properties":{properties}}}'
            for app, key, properties in self.rows(query, (plural, app_id))
        ]

    def events(self, app_id: str | None = None) -> list[str]:
        """The events, in order of arrival."""
        query = "select item from events where app_id = coalesce(?, app_id) order by number"
        return [item for (item,) in self.rows(query, (app_id,))]

    def requests(self, app_id: str | None = None, *, bodies: bool = False) -> list[str]:
        """The requests, in order of arrival."""
        query = (
            f"select {', '.join(LOGGED)}, {'body' if bodies else 'null'} from requests"
            " where app_id = coalesce(?, app_id) order by number"
        )
        return [
            _json(dict(zip(LOGGED, row, strict=False)) | ({"body": _text(row[-1])} if bodies else {}))
            for row in self.rows(query, (app_id,))
        ]

    def body(self, number: int) -> bytes | None:
        """A request's body as it came; None where there is no such request."""
        found = self.rows("select body from requests where number = ?", (number,))
        return zlib.decompress(found[0][0]) if found else None

    def is_deleted(self, request_id: str, app_id: str) -> bool | None:
        """Whether a deletion request is carried out; None where the app id has none of this id."""
        with self._lock:
            return deletion_store.is_done(self._sql, request_id, app_id)

    def delete_due(self, now: float) -> None:
        """Carries out the deletion requests that are due."""
        with self._lock:
            if deletion_store.is_any_due(self._sql, now):
                with self._transaction():
                    deletion_store.delete_due(self._sql, now)

    def counts(self) -> dict[str, int]:
        """How many users, accounts, events and requests there are."""
        objects = dict(self.rows("select plural, count(*) from objects group by plural"))
        tables = {name: self.rows(f"select count(*) from {name}")[0][0] for name in ("events", "requests")}
        return {"users": objects.get("users", 0), "accounts": objects.get("accounts", 0), **tables}

    def reset(self) -> None:
        """Forgets everything."""
        with self._transaction():
            for table in _TABLES:
                self._sql.execute(f"delete from {table}")

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._sql.close()

    def rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """What a query finds."""
        with self._lock:
            return self._sql.execute(query, values).fetchall()

    def _migrate(self) -> None:
        # a file of a version that did not know which request brought what
        for table in ("objects", "events"):
            if "request" not in {column for _, column, *_ in self.rows(f"pragma table_info({table})")}:
                self._sql.execute(f"alter table {table} add column request integer")

    def _take(self, taken: Submission, number: int, at: float) -> int:
        plural = taken.endpoint.plural
        if plural == "events":
            return self._take_events(taken, number, at)
        for record in taken.records:
            self._take_object((plural, taken.app_id, record[ID[plural]]), record.get("properties", {}), number)
        return len(taken.records)

    def _take_object(self, key: tuple[str, str, str], properties: Mapping[str, Any], number: int) -> None:
        held = self._sql.execute(
            "select properties from objects where plural = ? and app_id = ? and id = ?", key
        ).fetchone()
        merged = {**parse(held[0]), **properties} if held else properties
        self._sql.execute("insert or replace into objects values (?, ?, ?, ?, ?)", (*key, _json(merged), number))

    def _take_events(self, taken: Submission, number: int, at: float) -> int:
        identities = {event["identity"] for event in taken.records if "identity" in event}
        # https://developers.heap.io/reference/track-1: an unknown identity creates a user
        self._sql.executemany(
            "insert or ignore into objects values ('users', ?, ?, '{}', ?)",
            ((taken.app_id, identity, number) for identity in identities),
        )
        arrived = _iso(at)
        before = self._sql.total_changes
        # the same page: later calls with the same idempotency_key "will not update data"
        self._sql.executemany(
            "insert or ignore into events (app_id, idempotency_key, item, request) values (?, ?, ?, ?)",
            (
                (taken.app_id, event.get("idempotency_key"), _event(taken.app_id, event, arrived), number)
                for event in taken.records
            ),
        )
        return self._sql.total_changes - before

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._sql:
            self._sql.execute("begin immediate")
            yield
            self.moment += 1


def _event(app_id: str, event: Record, arrived: str) -> str:
    fields = ("identity", "user_id", "event", "session_id", "idempotency_key")
    return _json(
        {"app_id": app_id}
        | {name: event[name] for name in fields if name in event}
        | {"timestamp": event.get("timestamp", arrived), "properties": _joined(event.get("properties", {}))}
    )


def _joined(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    # https://developers.heap.io/reference/track-1: arrays become one text, cut at 1024 characters
    if not any(isinstance(value, list) for value in properties.values()):
        return properties
    return {
        name: "||".join(_plain(each) for each in value)[: MAX_TEXT + 1] if isinstance(value, list) else value
        for name, value in properties.items()
    }


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _text(body: bytes) -> str:
    return zlib.decompress(body).decode(errors="replace")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
