"""Answer requests to Heap's user deletion API. As in Heap, a deletion removes the users from all app IDs.

https://developers.heap.io/reference/user-deletion
"""

from __future__ import annotations

import secrets
import sqlite3
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

import orjson

from dbt_heap.http.limits import MAX_DELETIONS, MAX_IDENTITY, MAX_USER_ID
from dbt_heap.sandbox.database import LoggedRequest, Store, json_text
from dbt_heap.sandbox.options import Fault, SandboxOptions
from dbt_heap.sandbox.records_api import Answer, with_fault

AUTH_TOKEN = "/api/public/v0/auth_token"  # nosec B105 # noqa: S105 - a path
USER_DELETION = "/api/public/v0/user_deletion"
STATUS = "/api/public/v0/deletion_status/"
TOKEN_SECONDS = 300.0  # https://help.heap.io/data-privacy/data-deletion/user-deletion-with-postman

_UNAUTHORIZED = {"error": "Unauthorized", "message": "Unauthorized"}
_DUE = "from deletions, json_each({}) where due <= ? and not done"


@dataclass(frozen=True)
class Call:
    """A request as it was received."""

    path: str
    authorization: str
    body: bytes = b""


@dataclass(frozen=True)
class Deletion:
    """The users to delete, and when."""

    id: str
    app_id: str
    due: float  # seconds since the epoch
    identities: tuple[str, ...]
    user_ids: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.identities) + len(self.user_ids)

    def insert(self, sql: sqlite3.Connection, number: int) -> int:
        """Store the deletion for later. Return how many users it has."""
        users = (json_text(self.identities), json_text(self.user_ids))
        sql.execute("insert into deletions values (?, ?, ?, 0, ?, ?)", (self.id, self.app_id, self.due, *users))
        return len(self)


class DeletionApi:
    """The deletion API. Tokens are in memory only, deletions in the store."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self.refused = options.refused
        self._options = options
        self._store = store
        self._tokens: dict[str, tuple[str, float]] = {}  # token -> app ID, and when it was issued

    def answer(self, call: Call, fault: Fault | None) -> Answer:
        """Apply and log a request, and return its answer. Faults apply as in `RecordsApi.answer`."""
        now = self._options.clock()
        answer, app_id, deletion = self._answer(call, now)
        if fault and (answer.accepted or not fault.after):
            answer = with_fault(answer, fault, now, retry_after=self._options.retry_after)
            deletion = deletion if fault.after else None
        users = len(deletion) if deletion else 0
        request = LoggedRequest(now, call.path, answer.seen_status, answer.reason, app_id, users, call.body)
        self._store.save(request, deletion.insert if deletion else None)
        self.delete_due(now)
        return answer

    def delete_due(self, now: float | None = None) -> None:
        """Delete the users of all deletions that are due, by default at the current time."""
        due = (self._options.clock() if now is None else now,)
        if not self._store.rows("select 1 from deletions where due <= ? and not done limit 1", due):
            return
        identities, user_ids = _DUE.format("identities"), _DUE.format("user_ids")
        with self._store.transaction() as sql:
            sql.execute(
                f"delete from events where json_extract(item, '$.identity') in (select value {identities})", due
            )
            sql.execute(
                f"delete from events where json_extract(item, '$.user_id') in (select cast(value as text) {user_ids})",
                due,
            )
            sql.execute(f"delete from objects where plural = 'users' and id in (select value {identities})", due)
            sql.execute("update deletions set done = 1 where due <= ?", due)

    def _answer(self, call: Call, now: float) -> tuple[Answer, str, Deletion | None]:
        if call.path == AUTH_TOKEN:
            return self._issue_token(call.authorization, now), "", None
        app_id = self._app_id(call.authorization, now)
        if app_id is None:
            return _json(401, _UNAUTHORIZED, reason="no valid token"), "", None
        if call.path == USER_DELETION:
            return self._request_deletion(call.body, app_id, now)
        return self._status(call.path.removeprefix(STATUS), app_id), app_id, None

    def _status(self, request_id: str, app_id: str) -> Answer:
        found = self._store.rows("select done from deletions where id = ? and app_id = ?", (request_id, app_id))
        if not found:
            return _json(404, {"err": {"message": "Not Found"}}, reason="unknown deletion request")
        return _json(200, {"deletion_request_id": request_id, "status": "complete" if found[0][0] else "pending"})

    def _issue_token(self, authorization: str, now: float) -> Answer:
        app_id, key = _basic_credentials(authorization)
        expected = self._options.api_key
        if not app_id.isdigit() or not key or (expected is not None and not secrets.compare_digest(key, expected)):
            return _json(401, {"err": {"message": "Unauthorized"}}, reason="wrong app ID or key")
        self._tokens[token := secrets.token_urlsafe(32)] = app_id, now
        return _json(200, {"access_token": token})

    def _app_id(self, authorization: str, now: float) -> str | None:
        """Return the app ID of a bearer token, or None if the token is unknown or expired."""
        scheme, _, token = authorization.partition(" ")
        app_id, issued_at = self._tokens.get(token, ("", 0.0))
        return app_id if scheme == "Bearer" and app_id and now < issued_at + TOKEN_SECONDS else None

    def _request_deletion(self, body: bytes, app_id: str, now: float) -> tuple[Answer, str, Deletion | None]:
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            parsed = None
        if error := _first_error(parsed, self.refused):
            return _json(400, {"err": {"message": error}}, reason=error), app_id, None
        users = parsed["users"]
        deletion = Deletion(
            id=str(uuid4()),
            app_id=app_id,
            due=now + self._options.deletion_seconds,
            identities=tuple(user["identity"] for user in users if "identity" in user),
            user_ids=tuple(user["user_id"] for user in users if "user_id" in user),
        )
        content = {
            "deletion_request_location": f"{STATUS}{deletion.id}",
            "deletion_request_id": deletion.id,
            "status": "pending",
        }
        return _json(201, content), app_id, deletion


def _first_error(parsed: object, refused: Collection[str]) -> str | None:
    """Return the first error of a body, in the wording of the records API."""
    users = parsed.get("users") if isinstance(parsed, dict) else None
    if not isinstance(users, list):
        return "postBody.users should be array" if isinstance(parsed, dict) else "postBody should be object"
    if not users or len(users) > MAX_DELETIONS:
        return f"postBody.users should have 1 to {MAX_DELETIONS} items"
    for index, user in enumerate(users):
        if error := _user_error(user, refused):
            return f"postBody.users[{index}]{error}"
    return None


def _user_error(user: object, refused: Collection[str]) -> str | None:
    if not isinstance(user, dict):
        return " should be object"
    if ("identity" in user) == ("user_id" in user):
        return " should match exactly one schema in oneOf"
    if "identity" in user:
        identity = user["identity"]
        valid = isinstance(identity, str) and 0 < len(identity) <= MAX_IDENTITY and identity not in refused
        return None if valid else ".identity should NOT be valid"
    number = user["user_id"]
    valid = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_USER_ID
    return None if valid and str(number) not in refused else ".user_id should NOT be valid"


def _basic_credentials(authorization: str) -> tuple[str, str]:
    """Return app ID and key of Basic authentication (https://www.rfc-editor.org/rfc/rfc7617), or empty texts."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        app_id, _, key = b64decode(encoded, validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        return "", ""
    return (app_id, key) if scheme == "Basic" else ("", "")


def _json(status: int, content: object, reason: str = "") -> Answer:
    return Answer(status, json_text(content), reason, media_type="application/json", accepted=status < 300)
