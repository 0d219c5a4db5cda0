"""Heap's user deletion API. Its key and token stay in this module.

https://developers.heap.io/reference/user-deletion
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson
import requests

from dbt_heap.heap.client import (
    FAILURES,
    JSON_HEADERS,
    PATHS,
    Answer,
    Outcome,
    answer_text,
    no_answer,
    outcome_of,
)
from dbt_heap.heap.records import Records, body
from dbt_heap.http.retry import MAX_WAIT_SECONDS, BoundedRetry
from dbt_heap.http.sessions import TIMEOUT_SECONDS, HttpSession
from dbt_heap.syncs.sync import SyncType

AUTH_TOKEN = "/api/public/v0/auth_token"  # noqa: S105 - a path
STATUS = "/api/public/v0/deletion_status/"

# A token expires after five minutes: https://help.heap.io/data-privacy/data-deletion/user-deletion-with-postman
RENEW_SECONDS = 240.0

COMPLETE, PENDING, UNKNOWN = "complete", "pending", "unknown"

_TOKEN = re.compile(r"[!-~]{1,8192}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MALFORMED = Answer(Outcome.FATAL, "Heap's answer does not have the form that its documentation describes")


@dataclass(frozen=True)
class Progress:
    """How far Heap is with a request to delete."""

    answer: Answer
    status: str = ""  # COMPLETE, PENDING or UNKNOWN, if the answer was accepted


class HeapDeletions(HttpSession):
    """Heap's deletion API at `base_url`, with an API key; for one thread at a time.

    `app_id` has to be that of the project's Main Production environment. Users are deleted in all environments.
    """

    def __init__(
        self,
        base_url: str,
        app_id: str,
        api_key: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        max_wait_seconds: float = MAX_WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._retry = BoundedRetry.of(max_wait_seconds)
        super().__init__(base_url, self._retry, timeout_seconds, headers=JSON_HEADERS)
        self._credentials = app_id.encode(), api_key.encode()
        self._clock = clock
        self._token: str | None = None
        self._renew_at = 0.0

    def stop_retrying(self) -> None:
        """Retry no request any longer, and end the waits before an attempt."""
        self._retry.stop_retrying()

    def ask(self, records: Records) -> Answer:
        """Ask Heap to delete up to 10,000 users; PENDING if it will. Raises nothing: whatever happens is an answer."""
        path = PATHS[SyncType.USER_DELETIONS]
        answer, fields = self._authorized("POST", path, data=body("", SyncType.USER_DELETIONS, records))
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        request_id = fields.get("deletion_request_id")
        if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
            return _MALFORMED
        return replace(answer, outcome=Outcome.PENDING, request_id=request_id)

    def progress(self, request_id: str) -> Progress:
        """Ask how far Heap is with a request. Raises nothing either."""
        answer, fields = self._authorized("GET", STATUS + request_id)
        if answer.outcome is Outcome.ACCEPTED and fields.get("status") not in (COMPLETE, PENDING, UNKNOWN):
            return Progress(_MALFORMED)
        return Progress(answer, str(fields.get("status", "")))

    def _authorized(self, method: str, path: str, **content: Any) -> tuple[Answer, dict[str, Any]]:
        """Send a request with a valid token; once more with a new one if Heap does not accept the token."""
        for _ in range(2):
            if (not self._token or self._clock() >= self._renew_at) and (refusal := self._renew_token()):
                return refusal, {}
            headers = {"Authorization": f"Bearer {self._token}"}
            answer, fields, status = self._answer(method, path, headers=headers, **content)
            if status != 401:
                break
            self._token = None
        return answer, fields

    def _renew_token(self) -> Answer | None:
        """Get a token. Return the answer that gave none."""
        asked_at = self._clock()
        answer, fields, _ = self._answer("POST", AUTH_TOKEN, auth=self._credentials)
        token = fields.get("access_token")
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return _MALFORMED
        self._token, self._renew_at = token, asked_at + RENEW_SECONDS
        return None

    def _answer(self, method: str, path: str, **content: Any) -> tuple[Answer, dict[str, Any], int | None]:
        """Return what came of a request, the fields of its JSON, and its status."""
        try:
            with self.request(method, path, **content) as response:
                if response.status_code == 404 and path.startswith(STATUS):
                    return Answer(Outcome.ACCEPTED), {"status": UNKNOWN}, 404
                return _classified(response.status_code), _fields(response, self.timeout_seconds), response.status_code
        except FAILURES as error:
            return no_answer(error, self.base_url), {}, None


def _classified(status: int) -> Answer:
    outcome = outcome_of(status)
    if outcome is Outcome.ACCEPTED:
        return Answer(outcome)
    if outcome is Outcome.REFUSED:
        return Answer(outcome, f"Heap refused it with status {status}")
    hint = (
        ": HEAP_API_KEY has to be a key made under Account > Manage > Privacy & Security, and the Environment ID that "
        "of the Main Production environment"
    )
    return Answer(outcome, f"Heap answered with status {status}{hint if status in (401, 403) else ''}")


def _fields(response: requests.Response, max_seconds: float) -> dict[str, Any]:
    """Return the JSON object of an answer; empty if it is none."""
    try:
        fields = orjson.loads(answer_text(response, max_seconds))
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
