"""Heap's user deletion API. Users leave all app ids, as in Heap they leave all environments.

https://developers.heap.io/reference/user-deletion
"""

from __future__ import annotations

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

import orjson

from dbt_heap.http.limits import MAX_DELETIONS, MAX_IDENTITY, MAX_USER_ID
from dbt_heap.sandbox.database import Entry, Store
from dbt_heap.sandbox.deletion_store import Deletion
from dbt_heap.sandbox.options import Fault, SandboxOptions
from dbt_heap.sandbox.records_api import Answer, spoiled

AUTH_TOKEN = "/api/public/v0/auth_token"  # nosec B105 # noqa: S105 - a path
USER_DELETION = "/api/public/v0/user_deletion"
STATUS = "/api/public/v0/deletion_status/"
TOKEN_SECONDS = 300.0  # https://help.heap.io/data-privacy/data-deletion/user-deletion-with-postman

_UNAUTHORIZED = {"error": "Unauthorized", "message": "Unauthorized"}


@dataclass(frozen=True)
class Call:
    """One request as it came."""

    path: str
    authorization: str
    body: bytes = b""


class Erasure:
    """Tokens in memory, requests in the store."""

    def __init__(self, options: SandboxOptions, store: Store) -> None:
        self.refused = options.refused
        self._options = options
        self._store = store
        self._tokens: dict[str, tuple[str, float]] = {}  # token -> app id, and when it was given

    def answer(self, call: Call, fault: Fault | None) -> Answer:
        """The answer to a call, once it is logged and, where it deserves it, taken; faults as in `Intake.answer`."""
        now = self._options.clock()
        self._store.delete_due(now)
        answer, app_id, deletion = self._judged(call, now)
        if fault and (answer.taken or not fault.after):
            answer = spoiled(answer, fault, now, retry_after=self._options.retry_after)
            deletion = deletion if fault.after else None
        people = len(deletion) if deletion else 0
        entry = Entry(now, call.path, answer.seen_status, answer.reason, app_id, people, call.body)
        self._store.keep(entry, None, deletion)
        self._store.delete_due(now)
        return answer

    def _judged(self, call: Call, now: float) -> tuple[Answer, str, Deletion | None]:
        if call.path == AUTH_TOKEN:
            return self._token(call.authorization, now), "", None
        app_id = self._app_id(call.authorization, now)
        if app_id is None:
            return _json(401, _UNAUTHORIZED, reason="no token that lives"), "", None
        if call.path == USER_DELETION:
            return self._request(call.body, app_id, now)
        done = self._store.is_deleted(request_id := call.path.removeprefix(STATUS), app_id)
        if done is None:
            return _json(404, {"err": {"message": "Not Found"}}, reason="no such request"), app_id, None
        told = {"deletion_request_id": request_id, "status": "complete" if done else "pending"}
        return _json(200, told), app_id, None

    def _token(self, authorization: str, now: float) -> Answer:
        app_id, key = _credentials(authorization)
        wanted = self._options.api_key
        if not app_id.isdigit() or not key or (wanted is not None and not secrets.compare_digest(key, wanted)):
            return _json(401, {"err": {"message": "Unauthorized"}}, reason="app id and key do not fit")
        self._tokens[token := secrets.token_urlsafe(32)] = app_id, now
        return _json(200, {"access_token": token})

    def _app_id(self, authorization: str, now: float) -> str | None:
        """Whose token it is, as long as it lives."""
        scheme, _, token = authorization.partition(" ")
        app_id, given_at = self._tokens.get(token, ("", 0.0))
        return app_id if scheme == "Bearer" and app_id and now < given_at + TOKEN_SECONDS else None

    def _request(self, body: bytes, app_id: str, now: float) -> tuple[Answer, str, Deletion | None]:
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            parsed = None
        if fault := _fault(parsed, self.refused):
            return _json(400, {"err": {"message": fault}}, reason=fault), app_id, None
        users = parsed["users"]
        deletion = Deletion(
            id=str(uuid4()),
            app_id=app_id,
            due=now + self._options.deletion_seconds,
            identities=tuple(user["identity"] for user in users if "identity" in user),
            user_ids=tuple(user["user_id"] for user in users if "user_id" in user),
        )
        told = {
            "deletion_request_location": f"{STATUS}{deletion.id}",
            "deletion_request_id": deletion.id,
            "status": "pending",
        }
        return _json(201, told), app_id, deletion


def _fault(parsed: object, refused: Collection[str]) -> str | None:
    """The first fault of a body, in the words of the other endpoints."""
    users = parsed.get("users") if isinstance(parsed, dict) else None
    if not isinstance(users, list):
        return "postBody.users should be array" if isinstance(parsed, dict) else "postBody should be object"
    if not users or len(users) > MAX_DELETIONS:
        return f"postBody.users should have 1 to {MAX_DELETIONS} items"
    for index, user in enumerate(users):
        if wrong := _user_fault(user, refused):
            return f"postBody.users[{index}]{wrong}"
    return None


def _user_fault(user: object, refused: Collection[str]) -> str | None:
    if not isinstance(user, dict):
        return " should be object"
    if ("identity" in user) == ("user_id" in user):
        return " should match exactly one schema in oneOf"
    if "identity" in user:
        identity = user["identity"]
        fits = isinstance(identity, str) and 0 < len(identity) <= MAX_IDENTITY and identity not in refused
        return None if fits else ".identity should NOT be valid"
    number = user["user_id"]
    fits = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_USER_ID
    return None if fits and str(number) not in refused else ".user_id should NOT be valid"


def _credentials(authorization: str) -> tuple[str, str]:
    """App id and key of Basic authentication; empty where there are none: https://www.rfc-editor.org/rfc/rfc7617."""
    scheme, _, coded = authorization.partition(" ")
    try:
        app_id, _, key = b64decode(coded, validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        return "", ""
    return (app_id, key) if scheme == "Basic" else ("", "")


def _json(status: int, told: object, reason: str = "") -> Answer:
    taken = status < 300
    return Answer(status, orjson.dumps(told).decode(), reason, media_type="application/json", taken=taken)
