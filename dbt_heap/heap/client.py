"""One request to Heap and what came of it. The text of an answer never leaves this module: it may hold values."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import StrEnum
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from dbt_heap import __version__
from dbt_heap.heap.batches import body
from dbt_heap.heap.records import Records
from dbt_heap.http.connection_errors import fault_of, must_be_usable
from dbt_heap.http.deadlines import DeadlineAdapter
from dbt_heap.http.retry import MAX_WAIT_SECONDS, TRY_AGAIN, BoundedRetry, RetriesExhaustedError, retry_after_seconds
from dbt_heap.project.settings import LOOPBACK
from dbt_heap.syncs.sync import SyncType

PATHS = {  # https://developers.heap.io/reference/bulk-track and its siblings
    SyncType.EVENTS: "/api/track",
    SyncType.USER_PROPERTIES: "/api/add_user_properties",
    SyncType.ACCOUNT_PROPERTIES: "/api/add_account_properties",
    SyncType.USER_DELETIONS: "/api/public/v0/user_deletion",
}

# The request itself was understood and something in it is wrong: which records, can be found out.
REFUSALS = frozenset({400, 413, 422})

# As in `postBody.events[0].properties should be object`: https://github.com/iagomelanias/heap-php/issues/4
NAMED_RECORD = re.compile(rb"(?:events|users|accounts)\[(\d{1,6})\]")
MAX_ANSWER_BYTES = 16_384

# This run keeps to Heap's limit of events, so that it is not alone where it is over it.
SHARE_HINT = (
    " (where other processes send to the same environment, give each its share of Heap's limit by --events-per-minute)"
)

IN_FLIGHT = 8  # requests at once, unless told otherwise
TIMEOUT_SECONDS = 30.0  # for one answer, unless told otherwise
CONNECT_SECONDS = 10.0
# requests lets some errors of its helpers through as they are: https://github.com/psf/requests/pull/3927
FAILURES = (requests.exceptions.RequestException, HTTPError, OSError, ValueError)
NO_TIME = "it did not take them, and no time was left for another try"


class Outcome(StrEnum):
    """What an answer means for the records of its request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # none was taken, because of at least one of them
    UNAVAILABLE = "unavailable"  # taken or not: nobody knows
    FATAL = "fatal"  # no request will fare better


@dataclass(frozen=True)
class Answer:
    """What came of one request, retries included."""

    outcome: Outcome
    reason: str = ""  # a few words for people, with nothing of the rows in them; empty when accepted
    index: int | None = None  # the record a refusal names, as counted by Heap: not to be trusted
    retries: int = 0


class Heap:
    """Heap at `base_url` for one environment; a context manager, safe to share between `in_flight` threads.

    A try that has no answer after `timeout_seconds` failed; how long tries go on, `patience` says. A request has its
    answer, of whatever kind, within that plus two tries: by default 200 seconds, less than half the lease of a lock.
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
        self._base_url = base_url.rstrip("/")
        self._app_id = app_id
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        self._retry = retry or BoundedRetry.of()
        self._session = session(base_url, in_flight, self._retry)

    def __enter__(self) -> Heap:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def stop_retrying(self) -> None:
        """From now on no request is tried again, and waits before a try end: the last answer is the answer."""
        self._retry.stop_retrying.set()

    def send(self, sync_type: SyncType, records: Records) -> Answer:
        """What Heap says to one request with these records. Raises nothing: whatever happens is an answer."""
        try:
            with self._session.post(
                self._base_url + PATHS[sync_type],
                data=body(self._app_id, sync_type, records),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,  # the status decides, also when the connection drops before the text is read
            ) as response:
                return _answer(response, read_limited(response, self._timeout[1]), sync_type)
        except FAILURES as error:
            return failed(error, self._base_url)


def must_be_reachable(base_url: str) -> None:
    """Check what the environment says about connections to Heap. Raises SettingsError; sends nothing."""
    with session(base_url, 1, BoundedRetry.of(MAX_WAIT_SECONDS)) as checked:
        must_be_usable(checked, base_url)


def failed(error: Exception, base_url: str) -> Answer:
    """Return what came of a request that has no answer."""
    if isinstance(error, requests.exceptions.RetryError):
        return Answer(Outcome.UNAVAILABLE, NO_TIME, retries=_retries(error))
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
        fault = fault_of(error, base_url, "HEAP_BASE_URL")
        outcome = Outcome.FATAL if fault.lasting else Outcome.UNAVAILABLE
        return Answer(outcome, fault.text, retries=_retries(error))
    return Answer(Outcome.FATAL, f"the request could not be made ({type(error).__name__})")


def session(base_url: str, in_flight: int, retry: BoundedRetry) -> requests.Session:
    """Connections to `base_url`, which keep no cookies and look for no password."""
    session = requests.Session()
    session.trust_env = urlsplit(base_url).hostname not in LOOPBACK  # no proxy reaches this machine's own loopback
    session.headers.update({"Content-Type": "application/json", "User-Agent": f"dbt-heap/{__version__}"})
    session.auth = _no_auth
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the jar is not made for threads
    adapter = DeadlineAdapter(pool_connections=1, pool_maxsize=in_flight, max_retries=retry)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leaves a request as it is: without an auth of its own, requests would look into ~/.netrc."""
    return request


def _retries(error: Exception) -> int:
    cause = error.args[0] if error.args else None
    return cause.retries if isinstance(cause, RetriesExhaustedError) else 0


def _answer(response: requests.Response, text: bytes, sync_type: SyncType) -> Answer:
    status = response.status_code
    retries = len(response.raw.retries.history) if response.raw.retries else 0
    if 200 <= status < 300:
        return Answer(Outcome.ACCEPTED, retries=retries)
    if status in REFUSALS:
        named = NAMED_RECORD.search(text)
        index = int(named[1]) if named else None
        return Answer(Outcome.REFUSED, f"Heap refused it with status {status}", index, retries)
    if status in TRY_AGAIN or status >= 500:
        return Answer(Outcome.UNAVAILABLE, _unavailable(response, sync_type), retries=retries)
    return Answer(Outcome.FATAL, f"Heap answered with status {status} ({_hint(status)})", retries=retries)


def _unavailable(response: requests.Response, sync_type: SyncType) -> str:
    asked = retry_after_seconds(response.headers)
    wish = f" and asks to wait {asked:,.0f} seconds" if asked else ""
    limited = response.status_code == 429 and sync_type is SyncType.EVENTS
    return f"Heap answered with status {response.status_code}{wish}{SHARE_HINT if limited else ''}"


def _hint(status: int) -> str:
    if 300 <= status < 400:
        return "redirects are not followed"
    return "look at HEAP_BASE_URL, the region, and what stands between here and Heap"


def read_limited(response: requests.Response, max_seconds: float) -> bytes:
    """The answer's text as far as it is looked at; read so that the connection can be used again."""
    text = bytearray()
    until = time.monotonic() + max_seconds
    try:
        while len(text) < MAX_ANSWER_BYTES and time.monotonic() < until:
            byte = response.raw.read(1, decode_content=True)  # one at a time, as a larger read waits for all
            if not byte:
                break
            text += byte
    except (HTTPError, OSError):
        pass
    return bytes(text)
