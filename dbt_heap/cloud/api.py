"""Call the dbt platform's Administrative API, version 2. No error contains the token or the text of an answer.

https://docs.getdbt.com/dbt-cloud/api-v2
"""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import requests
from urllib3.exceptions import HTTPError

from dbt_heap.cloud.credentials import TOKEN, Credentials
from dbt_heap.errors import CloudError
from dbt_heap.http.connection_errors import NO_ANSWER, fault_of, host_of
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.http.sessions import TIMEOUT_SECONDS, HttpSession, read_limited
from dbt_heap.project.artifacts import parse

MAX_ANSWER_BYTES = 64 << 20  # the details of a run may contain the logs of its steps
MAX_ARTIFACT_BYTES = 1 << 30
MAX_WAIT_SECONDS = 60.0
BODY_SECONDS = 600.0  # to download one body
PIECE_BYTES = 1 << 16
ATTEMPTS = 3  # if a body is cut off; BoundedRetry retries what fails before the body

_log = logging.getLogger(__name__)

_REASONS = {
    401: f"the token in {TOKEN} is not accepted. It may be expired, or belong to another account or host",
    403: f"the token in {TOKEN} has no permission to read it. Give it permissions for the job's project",
    429: "too many requests. Try again later",
}


class DbtCloud(HttpSession):
    """An account of the dbt platform. All methods raise CloudError; the constructor raises SettingsError."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        retry: BoundedRetry | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        body_seconds: float = BODY_SECONDS,
        max_bytes: int = MAX_ARTIFACT_BYTES,
    ) -> None:
        def auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Token {credentials.token}"
            return request

        super().__init__(
            credentials.base_url,
            retry or _retry(credentials.base_url),
            timeout_seconds,
            headers={"Accept-Encoding": "gzip"},  # not chained encodings, which can expand without limit
            auth=auth,
        )
        self._account = f"/api/v2/accounts/{credentials.account_id}"
        self._body_seconds = body_seconds
        self._max_bytes = max_bytes
        self.check_environment()

    def run(self, run_id: int) -> dict[str, Any]:
        """Return a run with its steps and its job."""
        what = f"run {run_id}"
        found = self._read(what, f"/runs/{run_id}/", {"include_related": '["run_steps", "job"]'})
        if isinstance(found, dict):
            return found
        raise CloudError(f"dbt platform: {what} does not exist. Check its ID, the account's ID and the host")

    def latest_runs(self, job_id: int, status: int, limit: int) -> list[dict[str, Any]]:
        """Return the job's latest runs with this status, newest first, without their steps."""
        query = {"job_definition_id": job_id, "status": status, "order_by": "-finished_at", "limit": limit}
        found = self._read(f"the runs of job {job_id}", "/runs/", query)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def artifact(self, run_id: int, step: int | None, name: str, into: Path) -> Any:
        """Save an artifact of a step (None: the last one) to a file and return its JSON; None if there is none.

        Raises OSError if the file cannot be written.
        """
        what = f"{name} of run {run_id}" + (f", step {step}" if step else "")
        query = {"step": step} if step else {}
        with into.open("wb") as file:
            found = self._download(what, f"/runs/{run_id}/artifacts/{name}", query, file, self._max_bytes)
        if not found:
            into.unlink()
            return None
        return _parsed(what, into.read_bytes())

    def _read(self, what: str, path: str, query: Mapping[str, Any]) -> Any:
        """Return the `data` of an answer; None for 404."""
        text = io.BytesIO()
        if not self._download(what, path, query, text, MAX_ANSWER_BYTES):
            return None
        answer = _parsed(what, text.getvalue())
        return answer.get("data") if isinstance(answer, dict) else None

    def _download(self, what: str, path: str, query: Mapping[str, Any], into: BinaryIO, limit: int) -> bool:
        """Write a body to a file, and try again if it is cut off. Return False for 404."""
        for _ in range(ATTEMPTS):
            into.seek(0)
            into.truncate()
            try:
                with self.request("GET", self._account + path, params=query) as response:
                    if response.status_code == 404:
                        return False
                    _raise_for_status(what, response)
                    self._write(what, response, into, limit)
                    return True
            except requests.exceptions.RequestException as error:
                raise CloudError(f"dbt platform: {what}: {_reason(error, self.base_url)}") from None
            except HTTPError:
                continue
        raise CloudError(f"dbt platform: {what}: the answer was cut off {ATTEMPTS} times")

    def _write(self, what: str, response: requests.Response, into: BinaryIO, limit: int) -> None:
        """Write a body to a file. Raises HTTPError if it is cut off."""
        try:
            for piece in read_limited(response, self._body_seconds, piece_bytes=PIECE_BYTES):
                into.write(piece)
                if into.tell() > limit:
                    raise CloudError(
                        f"dbt platform: {what} is larger than {limit:,} bytes; dbt-heap did not read all of it"
                    )
        except TimeoutError:
            raise CloudError(f"dbt platform: {what} did not arrive within {self._body_seconds:,.0f} seconds") from None


def _retry(base_url: str) -> BoundedRetry:
    """Return the retries of requests. A host that never answered may be wrong, so it is tried only once."""
    notice = partial(_log.warning, "dbt platform (%s): %s; trying again in %.0f s", host_of(base_url))
    return BoundedRetry.of(MAX_WAIT_SECONDS, unreached_seconds=0.0, notice=notice)


def _raise_for_status(what: str, response: requests.Response) -> None:
    status = response.status_code
    encoding = response.headers.get("Content-Encoding", "gzip").strip().lower()
    if status == 200 and encoding in ("gzip", "identity", ""):
        return
    if status == 200:
        reason = "the answer has an encoding that dbt-heap did not request"
    elif 300 <= status < 400:
        reason = "it redirects, and dbt-heap follows no redirect because of the token. Check the host"
    elif status >= 500:
        reason = f"it answered with status {status}. Try again later"
    else:
        reason = _REASONS.get(status, f"it answered with status {status}")
    raise CloudError(f"dbt platform: {what}: {reason}")


def _reason(error: requests.exceptions.RequestException, base_url: str) -> str:
    if isinstance(error, requests.exceptions.RetryError):
        return "it asks to wait longer than dbt-heap allows. Try again later"
    fault = fault_of(error, base_url, "--dbt-cloud-host (DBT_CLOUD_HOST)")
    if fault.text == NO_ANSWER:
        return f"{host_of(base_url)} did not answer in time. Try again later"
    return fault.text


def _parsed(what: str, text: bytes) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        raise CloudError(f"dbt platform: {what} is incomplete or not JSON. Check the host and try again") from None
