"""Heap's user deletion API, whose key and token never leave this module.

https://developers.heap.io/reference/user-deletion
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import orjson
import requests

from dbt_heap.heap.batches import body
from dbt_heap.heap.client import (
    CONNECT_SECONDS,
    FAILURES,
    PATHS,
    REFUSALS,
    TIMEOUT_SECONDS,
    Answer,
    Outcome,
    failed,
    read_limited,
    session,
)
from dbt_heap.heap.records import Records
from dbt_heap.http.retry import MAX_WAIT_SECONDS, TRY_AGAIN, BoundedRetry
from dbt_heap.syncs.sync import SyncType

AUTH_TOKEN = "/api/public/v0/auth_token"  # nosec B105 # noqa: S105 - a path
STATUS = "/api/public/v0/deletion_status/"

# It expires after five minutes: https://help.heap.io/data-privacy/data-deletion/user-deletion-with-postman
RENEW_SECONDS = 240.0

COMPLETE, PENDING, UNKNOWN = "complete", "pending", "unknown"

_TOKEN = re.compile(r"[!-~]{1,8192}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NO_FORM = "Heap's answer is not of the form that its documentation gives"


@dataclass(frozen=True)
class Asked:
    """What came of a request to delete."""

    answer: Answer
    request_id: str = ""  # where it was accepted


@dataclass(frozen=True)
class Progress:
    """How far Heap is with one."""

    answer: Answer
    status: str = ""  # COMPLETE, PENDING or UNKNOWN, where the answer was accepted


class HeapDeletions:
    """Deletion at `base_url` by an API key; a context manager, for one thread.

    `app_id` has to be that of the project's Main Production environment, and people are deleted in all of them.
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
        self._base_url = base_url.rstrip("/")
        self._credentials = app_id.encode(), api_key.encode()
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        self._session = session(base_url, 1, BoundedRetry.of(max_wait_seconds))
        reading = session(base_url, 1, BoundedRetry.of(max_wait_seconds, method="GET"))
        for scheme in ("https://", "http://"):  # the longest address that fits is the one that counts
            self._session.mount(self._base_url + STATUS, reading.get_adapter(scheme))
        self._clock = clock
        self._token: str | None = None
        self._renew_at = 0.0

    def __enter__(self) -> HeapDeletions:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def ask(self, records: Records) -> Asked:
        """Asks to delete some people, at most 10,000. Raises nothing: whatever happens is an answer."""
        answer, told = self._authorized(
            "POST", PATHS[SyncType.USER_DELETIONS], data=body("", SyncType.USER_DELETIONS, records)
        )
        request_id = told.get("deletion_request_id")
        if answer.outcome is not Outcome.ACCEPTED:
            return Asked(answer)
        if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
            return Asked(Answer(Outcome.FATAL, _NO_FORM))
        return Asked(answer, request_id)

    def progress(self, request_id: str) -> Progress:
        """How far Heap is with a request. Raises nothing either."""
        answer, told = self._authorized("GET", STATUS + request_id)
        if answer.outcome is Outcome.ACCEPTED and told.get("status") not in (COMPLETE, PENDING, UNKNOWN):
            return Progress(Answer(Outcome.FATAL, _NO_FORM))
        return Progress(answer, str(told.get("status", "")))

    def _authorized(self, method: str, path: str, **more: Any) -> tuple[Answer, dict[str, Any]]:
        """A request with a token that lives long enough; with a new one, once, where Heap does not take it."""
        for _ in range(2):
            stale = not self._token or self._clock() >= self._renew_at
            if stale and (refusal := self._renewed()) is not None:
                return refusal, {}
            answer, told, status = self._request(
                method, path, headers={"Authorization": f"Bearer {self._token}"}, **more
            )
            if status != 401:
                break
            self._token = None
        return answer, told

    def _renewed(self) -> Answer | None:
        """Gets a token; why there is none, where there is none."""
        asked_at = self._clock()
        answer, told, _ = self._request("POST", AUTH_TOKEN, auth=self._credentials)
        token = told.get("access_token")
        if answer.outcome is not Outcome.ACCEPTED:
            return answer
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return Answer(Outcome.FATAL, _NO_FORM)
        self._token, self._renew_at = token, asked_at + RENEW_SECONDS
        return None

    def _request(self, method: str, path: str, **more: Any) -> tuple[Answer, dict[str, Any], int | None]:
        try:
            with self._session.request(
                method, self._base_url + path, timeout=self._timeout, allow_redirects=False, stream=True, **more
            ) as response:
                return (
                    _answer(response.status_code, path),
                    _told(response, self._timeout[1], path),
                    response.status_code,
                )
        except FAILURES as error:
            return failed(error, self._base_url), {}, None


def _answer(status: int, path: str) -> Answer:
    if 200 <= status < 300 or (status == 404 and path.startswith(STATUS)):
        return Answer(Outcome.ACCEPTED)
    if status in REFUSALS:
        return Answer(Outcome.REFUSED, f"Heap refused it with status {status}")
    if status in TRY_AGAIN or status >= 500:
        return Answer(Outcome.UNAVAILABLE, f"Heap answered with status {status}")
    if status in (401, 403):
        return Answer(
            Outcome.FATAL,
            f"Heap answered with status {status}: HEAP_API_KEY has to be a key made under Account > Manage > Privacy & "
            "Security, and the Environment ID that of the Main Production environment",
        )
    return Answer(Outcome.FATAL, f"Heap answered with status {status}")


def _told(response: requests.Response, max_seconds: float, path: str) -> dict[str, Any]:
    """The answer as JSON; of a request that Heap does not know, that it does not."""
    if response.status_code == 404 and path.startswith(STATUS):
        return {"status": UNKNOWN}
    try:
        told = orjson.loads(read_limited(response, max_seconds))
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
