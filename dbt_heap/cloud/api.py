"""The dbt platform's administrative API, version 2. No error repeats the text of an answer or the token.

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

from dbt_heap.cloud.credentials import TOKEN, Access
from dbt_heap.errors import CloudError
from dbt_heap.http.connection_errors import NO_ANSWER, fault_of, host_of
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.http.sessions import TIMEOUT_SECONDS, HttpSession, read_limited
from dbt_heap.project.artifacts import parse

MAX_ANSWER_BYTES = 64 << 20  # a run's details may hold the logs of its steps
MAX_ARTIFACT_BYTES = 1 << 30
MAX_WAIT_SECONDS = 60.0
BODY_SECONDS = 600.0  # for all of one body
PIECE_BYTES = 1 << 16
ATTEMPTS = 3  # if a body breaks off; what fails before the body, BoundedRetry retries

_log = logging.getLogger(__name__)

_REASONS = {
    401: f"the token in {TOKEN} is not accepted: it may have expired, or belong to another account or host",
    403: f"the token in {TOKEN} may not read it: its permissions have to cover the job's project",
    429: "too many requests were made; try again later",
}


class DbtCloud(HttpSession):
    """An account of the dbt platform. All methods raise CloudError; the constructor raises SettingsError."""

    def __init__(
        self,
        access: Access,
        *,
        retry: BoundedRetry | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        body_seconds: float = BODY_SECONDS,
        max_bytes: int = MAX_ARTIFACT_BYTES,
    ) -> None:
        def auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Token {access.token}"
            return request

        super().__init__(
            access.base_url,
            retry or _retry(access.base_url),
            timeout_seconds,
            headers={"Accept-Encoding": "gzip"},  # only this one: chained encodings make a large body of a small one
            auth=auth,
        )
        self._account = f"/api/v2/accounts/{access.account_id}"
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
        """Return the job's latest runs with this status, the latest first, without their steps."""
        query = {"job_definition_id": job_id, "status": status, "order_by": "-finished_at", "limit": limit}
        found = self._read(f"the runs of job {job_id}", "/runs/", query)
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def artifact(self, run_id: int, step: int | None, name: str, into: Path) -> Any:
        """Save an artifact of a step (default: the last one) to a file, and return its JSON. None if there is none.

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
        """Write a body to a file, again if it breaks off. Return False for 404."""
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
        raise CloudError(f"dbt platform: {what}: the answer broke off {ATTEMPTS} times")

    def _write(self, what: str, response: requests.Response, into: BinaryIO, limit: int) -> None:
        """Write a body to a file. Raises HTTPError if the body breaks off."""
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
    """Return the retry of requests. A host that never answered may be the wrong one, so it is tried once."""
    notice = partial(_log.warning, "dbt platform (%s): %s; trying again in %.0f s", host_of(base_url))
    return BoundedRetry.of(MAX_WAIT_SECONDS, unreached_seconds=0.0, notice=notice)


def _raise_for_status(what: str, response: requests.Response) -> None:
    status = response.status_code
    encoding = response.headers.get("Content-Encoding", "gzip").strip().lower()
    if status == 200 and encoding in ("gzip", "identity", ""):
        return
    if status == 200:
        reason = "the answer has an encoding that was not asked for"
    elif 300 <= status < 400:
        reason = "redirects are not followed, because they would receive the token. Check the host"
    elif status >= 500:
        reason = f"it answered with status {status}; try again later"
    else:
        reason = _REASONS.get(status, f"it answered with status {status}")
    raise CloudError(f"dbt platform: {what}: {reason}")


def _reason(error: requests.exceptions.RequestException, base_url: str) -> str:
    if isinstance(error, requests.exceptions.RetryError):
        return "it asks for a longer wait than dbt-heap allows; try again later"
    fault = fault_of(error, base_url, "--dbt-cloud-host (DBT_CLOUD_HOST)")
    if fault.text == NO_ANSWER:
        return f"{host_of(base_url)} gave no answer in time; try again later"
    return fault.text


def _parsed(what: str, text: bytes) -> Any:
    try:
        return parse(text)
    except (ValueError, RecursionError):
        raise CloudError(f"dbt platform: {what} is incomplete or not JSON. Check the host, and try again") from None
