"""dbt Cloud's API, version 2: the only HTTP to it. The text of an answer is never told, and neither is the token.

https://docs.getdbt.com/dbt-cloud/api-v2
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Mapping
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from dbt_heap import __version__
from dbt_heap.cloud.credentials import TOKEN, Access
from dbt_heap.errors import CloudError
from dbt_heap.http.connection_errors import NO_ANSWER, fault_of, must_be_usable, place
from dbt_heap.http.deadlines import DeadlineAdapter
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.project.artifacts import parse
from dbt_heap.project.settings import LOOPBACK

MAX_ANSWER_BYTES = 64 << 20  # a run's details may hold the logs of its steps
MAX_ARTIFACT_BYTES = 1 << 30
MAX_WAIT_SECONDS = 60.0
TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 10.0
BODY_SECONDS = 600.0  # for all of one body
PIECE = 1 << 16
TRIES = 3  # where a body broke off; what comes before it, patience tries again

_log = logging.getLogger(__name__)

_TOLD = {
    401: f"the token of {TOKEN} is not accepted: it may have expired, or be another account's or host's",
    403: f"the token of {TOKEN} may not read it: its permissions have to cover the job's project",
    429: "too many requests were made; try again later",
}


class DbtCloud:
    """An account of dbt Cloud's; a context manager. All its methods raise CloudError; it, SettingsError."""

    def __init__(
        self,
        access: Access,
        *,
        retry: BoundedRetry | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        body_seconds: float = BODY_SECONDS,
        max_bytes: int = MAX_ARTIFACT_BYTES,
    ) -> None:
        self._url = f"{access.base_url}/api/v2/accounts/{access.account_id}"
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        self._body_seconds = body_seconds
        self._max_bytes = max_bytes
        self._base_url = access.base_url
        self._session = _session(access, retry or _retry(access.base_url))
        must_be_usable(self._session, access.base_url)

    def __enter__(self) -> DbtCloud:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def run(self, run_id: int) -> dict[str, Any]:
        """Return a run with its steps and its job."""
        what = f"run {run_id}"
        found = self._data(what, f"/runs/{run_id}/", {"include_related": '["run_steps", "job"]'})
        if isinstance(found, dict):
            return found
        raise CloudError(f"dbt Cloud knows no {what}: look at its id, the account's and the host")

    def latest_runs(self, job_id: int, status: int, limit: int) -> list[dict[str, Any]]:
        """The runs of a job that ended last with this status, the latest first, without their steps."""
        query = {"job_definition_id": job_id, "status": status, "order_by": "-finished_at", "limit": limit}
        found = self._data(f"the runs of job {job_id}", "/runs/", query)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def artifact(self, run_id: int, step: int | None, name: str, into: Path) -> Any:
        """An artifact of a step, else of the last one, as JSON; the file holds it too. None where there is none.

        Raises OSError where the file cannot be written.
        """
        what = f"{name} of run {run_id}" + (f", step {step}" if step else "")
        with into.open("wb") as file:
            there = self._copied(
                what, f"/runs/{run_id}/artifacts/{name}", {"step": step} if step else {}, file, self._max_bytes
            )
        if not there:
            into.unlink()
            return None
        return _parsed(what, into.read_bytes())

    def _data(self, what: str, path: str, query: Mapping[str, Any]) -> Any:
        """What stands under `data` in an answer; None for 404."""
        text = io.BytesIO()
        if not self._copied(what, path, query, text, MAX_ANSWER_BYTES):
            return None
        answer = _parsed(what, text.getvalue())
        return answer.get("data") if isinstance(answer, dict) else None

    def _copied(self, what: str, path: str, query: Mapping[str, Any], into: BinaryIO, limit: int) -> bool:
        """Copies a body, tried again where it breaks off; False for 404."""
        for left in reversed(range(TRIES)):
            into.seek(0)
            into.truncate()
            try:
                with self._session.get(
                    self._url + path, params=query, timeout=self._timeout, allow_redirects=False, stream=True
                ) as response:
                    if response.status_code == 404:
                        return False
                    _must_be_well(what, response)
                    self._copy(what, response, into, limit)
                    return True
            except requests.exceptions.RequestException as error:
                raise CloudError(f"dbt platform: {what}: {_why(error, self._base_url)}") from None
            except HTTPError:
                if not left:
                    raise CloudError(f"dbt Cloud: {what}: the answer broke off {TRIES} times") from None
        return False

    def _copy(self, what: str, response: requests.Response, into: BinaryIO, limit: int) -> None:
        """Raises HTTPError where the body breaks off."""
        read = getattr(response.raw, "read1", response.raw.read)  # a `read` waits for all, however slowly it comes
        until = time.monotonic() + self._body_seconds
        while piece := read(PIECE, decode_content=True):
            into.write(piece)
            if into.tell() > limit:
                raise CloudError(f"dbt Cloud: {what} is larger than {limit:,} bytes, and was not read to its end")
            if time.monotonic() > until:
                raise CloudError(f"dbt Cloud: {what} did not arrive within {self._body_seconds:,.0f} seconds")


def _retry(base_url: str) -> BoundedRetry:
    """Patience with a host that is known to answer; a host that never did may be the wrong one, and is tried once."""
    return BoundedRetry.of(
        MAX_WAIT_SECONDS,
        method="GET",
        unreached_seconds=0.0,
        notice=partial(_log.warning, "dbt platform (%s): %s; trying again in %.0f s", place(base_url)),
    )


def _session(access: Access, retry: BoundedRetry) -> requests.Session:
    def auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
        # An auth of our own: requests would put what ~/.netrc says in the place of a header.
        request.headers["Authorization"] = f"Token {access.token}"
        return request

    session = requests.Session()
    # No encoding but this: they are chained to make much of little.
    session.headers.update({"User-Agent": f"dbt-heap/{__version__}", "Accept-Encoding": "gzip"})
    session.auth = auth
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = urlsplit(access.base_url).hostname not in LOOPBACK
    for scheme in ("https://", "http://"):
        session.mount(scheme, DeadlineAdapter(max_retries=retry))
    return session


def _must_be_well(what: str, response: requests.Response) -> None:
    status = response.status_code
    encoding = response.headers.get("Content-Encoding", "gzip").strip().lower()
    if status == 200 and encoding in ("gzip", "identity", ""):
        return
    if status == 200:
        told = "the answer is encoded in a way that was not asked for"
    elif 300 <= status < 400:
        told = "a redirect is not followed, as the token would go with it: look at the host"
    elif status >= 500:
        told = f"it answered with status {status}; try again later"
    else:
        told = _TOLD.get(status, f"it answered with status {status}")
    raise CloudError(f"dbt Cloud: {what}: {told}")


def _why(error: requests.exceptions.RequestException, base_url: str) -> str:
    if isinstance(error, requests.exceptions.RetryError):
        return "it asks for a longer wait than can be borne; try again later"
    fault = fault_of(error, base_url, "--dbt-cloud-host (DBT_CLOUD_HOST)")
    if fault.text == NO_ANSWER:
        return f"{place(base_url)} gave no answer in time; try again later"
    return fault.text


def _parsed(what: str, text: bytes) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        raise CloudError(f"dbt Cloud: {what} is cut short or no JSON; look at the host, and try again") from None
