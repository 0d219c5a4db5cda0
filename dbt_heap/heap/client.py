"""Send one request to Heap and classify its answer. The text of an answer stays in this module: it may hold values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import requests
from urllib3.exceptions import HTTPError

from dbt_heap.heap.records import Records, body
from dbt_heap.http.connection_errors import fault_of
from dbt_heap.http.retry import RETRIED_STATUSES, BoundedRetry, RetriesExhaustedError, retry_after_seconds
from dbt_heap.http.sessions import TIMEOUT_SECONDS, HttpSession, read_limited
from dbt_heap.syncs.sync import SyncType

PATHS = {  # https://developers.heap.io/reference/bulk-track and its siblings
    SyncType.EVENTS: "/api/track",
    SyncType.USER_PROPERTIES: "/api/add_user_properties",
    SyncType.ACCOUNT_PROPERTIES: "/api/add_account_properties",
    SyncType.USER_DELETIONS: "/api/public/v0/user_deletion",
}
JSON_HEADERS = {"Content-Type": "application/json"}

# Heap understood the request, and something in it is wrong: dbt-heap can find out which records.
_REFUSED_STATUSES = frozenset({400, 413, 422})

# As in `postBody.events[0].properties should be object`: https://github.com/iagomelanias/heap-php/issues/4
NAMED_RECORD = re.compile(rb"(?:events|users|accounts)\[(\d{1,6})\]")
MAX_ANSWER_BYTES = 16_384

# This run keeps to Heap's limit of events, so another process must send too if Heap says that it is exceeded.
SHARE_HINT = (
    " (if other processes send to the same environment, give each its share of Heap's limit: --events-per-minute)"
)

IN_FLIGHT = 8  # requests at once, by default
# requests lets some errors of its helpers through as they are: https://github.com/psf/requests/pull/3927
FAILURES = (requests.exceptions.RequestException, HTTPError, OSError, ValueError)
NO_TIME = "no time was left to retry"


class Outcome(StrEnum):
    """What an answer means for the records of its request."""

    ACCEPTED = "accepted"
    PENDING = "pending"  # Heap will carry it out later: a deletion
    REFUSED = "refused"  # none was accepted, because of at least one of them
    UNAVAILABLE = "unavailable"  # accepted or not: unknown
    FATAL = "fatal"  # no other request will succeed either


@dataclass(frozen=True)
class Answer:
    """What came of one request, retries included."""

    outcome: Outcome
    reason: str = ""  # a few words without any values of the rows; empty if accepted
    index: int | None = None  # the record that a refusal names, as Heap counts: may be wrong
    retries: int = 0
    request_id: str = ""  # of a pending request


class Heap(HttpSession):
    """Heap at `base_url` for one environment, for up to `in_flight` threads.

    An attempt without an answer after `timeout_seconds` has failed; `retry` limits the attempts. A request has its
    answer, of whatever kind, within that plus two attempts: by default 200 seconds, less than half a lock's lease.
    """

    def __init__(
        self,
        base_url: str,
        app_id: str,
        *,
        in_flight: int = IN_FLIGHT,
        timeout_seconds: float = TIMEOUT_SECONDS,
        retry: BoundedRetry | None = None,
    ) -> None:
        self._app_id = app_id
        self._retry = retry or BoundedRetry.of()
        super().__init__(base_url, self._retry, timeout_seconds, headers=JSON_HEADERS, pool_size=in_flight)

    def stop_retrying(self) -> None:
        """Retry no request any longer, and end the waits before an attempt: the last answer counts."""
        self._retry.stop_retrying()

    def send(self, sync_type: SyncType, records: Records) -> Answer:
        """Send records in one request. Raises nothing: whatever happens is an answer."""
        try:
            with self.request("POST", PATHS[sync_type], data=body(self._app_id, sync_type, records)) as response:
                return _answer(response, answer_text(response, self.timeout_seconds), sync_type)
        except FAILURES as error:
            return no_answer(error, self.base_url)


def outcome_of(status: int) -> Outcome:
    """Return what the status of an answer means for the records of its request."""
    if 200 <= status < 300:
        return Outcome.ACCEPTED
    if status in _REFUSED_STATUSES:
        return Outcome.REFUSED
    return Outcome.UNAVAILABLE if status in RETRIED_STATUSES or status >= 500 else Outcome.FATAL


def answer_text(response: requests.Response, max_seconds: float) -> bytes:
    """Return the start of an answer's text, or what arrived of it. The connection can be used again."""
    text = bytearray()
    try:
        for byte in read_limited(response, max_seconds, piece_bytes=1):
            text += byte
            if len(text) == MAX_ANSWER_BYTES:
                break
    except (HTTPError, OSError):  # the status decides, also when the connection breaks before the text is read
        pass
    return bytes(text)


def no_answer(error: Exception, base_url: str) -> Answer:
    """Return what came of a request that has no answer."""
    if isinstance(error, requests.exceptions.RetryError):
        return Answer(Outcome.UNAVAILABLE, NO_TIME, retries=_retries(error))
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        fault = fault_of(error, base_url, "HEAP_BASE_URL")
        outcome = Outcome.FATAL if fault.lasting else Outcome.UNAVAILABLE
        return Answer(outcome, fault.text, retries=_retries(error))
    return Answer(Outcome.FATAL, f"the request could not be made ({type(error).__name__})")


def _retries(error: Exception) -> int:
    cause = error.args[0] if error.args else None
    return cause.retries if isinstance(cause, RetriesExhaustedError) else 0


def _answer(response: requests.Response, text: bytes, sync_type: SyncType) -> Answer:
    status = response.status_code
    retries = len(response.raw.retries.history) if response.raw.retries else 0
    match outcome := outcome_of(status):
        case Outcome.ACCEPTED:
            return Answer(outcome, retries=retries)
        case Outcome.REFUSED:
            named = NAMED_RECORD.search(text)
            index = int(named[1]) if named else None
            return Answer(outcome, f"Heap refused it with status {status}", index, retries)
        case Outcome.UNAVAILABLE:
            return Answer(outcome, _unavailable(response, sync_type), retries=retries)
    return Answer(outcome, f"Heap answered with status {status} ({_hint(status)})", retries=retries)


def _unavailable(response: requests.Response, sync_type: SyncType) -> str:
    asked = retry_after_seconds(response.headers)
    wait = f" and asks to wait {asked:,.0f} seconds" if asked else ""
    limited = response.status_code == 429 and sync_type is SyncType.EVENTS
    return f"Heap answered with status {response.status_code}{wait}{SHARE_HINT if limited else ''}"


def _hint(status: int) -> str:
    if 300 <= status < 400:
        return "redirects are not followed"
    return "check HEAP_BASE_URL, the region, and the network between you and Heap"
