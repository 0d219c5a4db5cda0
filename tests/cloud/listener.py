"""A listener in its own process, and webhooks as the dbt platform sends them."""

from __future__ import annotations

import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from tests.cloud.server import ACCOUNT, JOB
from tests.project import HANGS_SECONDS

SECRET = "wh_s3cret"


def webhook(run: int, *, job: int = JOB, status: int = 10, kind: str = "job.run.completed") -> bytes:
    """Return a body in the format of https://docs.getdbt.com/docs/deploy/webhooks."""
    return json.dumps(
        {
            "accountId": ACCOUNT,
            "webhooksID": "wsu_12345abcde",
            "eventId": f"wev_{job}_{run}",
            "timestamp": "2026-11-25T19:29:35.789265936Z",
            "eventType": kind,
            "webhookName": "to Heap",
            "data": {
                "jobId": str(job),
                "jobName": "Daily Job (dbt build)",
                "runId": str(run),
                "environmentId": "1234",
                "runStatus": "Success",
                "runStatusCode": status,
            },
        }
    ).encode()


class Listener:
    """A listener that runs within a `with` block; its end sends SIGTERM."""

    def __init__(self, log: Path, environment: dict[str, str], *command: str) -> None:
        self._log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**kept, **environment, "DBT_CLOUD_WEBHOOK_SECRET": f"{SECRET}\n"},
                stdout=subprocess.PIPE, stderr=stderr, text=True,
            )  # fmt: skip

    def __enter__(self) -> Listener:
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.stderr
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=HANGS_SECONDS)

    @property
    def stderr(self) -> str:
        """What it and its syncs have written so far."""
        return self._log.read_text()

    def post(self, body: bytes, authorization: str | None = "") -> requests.Response:
        """Send a webhook, signed unless another header is given; None sends no header."""
        if authorization == "":
            authorization = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        headers = {} if authorization is None else {"Authorization": authorization}
        return requests.post(self.url, data=body, headers=headers, timeout=HANGS_SECONDS)

    def health(self) -> dict[str, Any]:
        """Return the content of /health, which must be 200."""
        answer = requests.get(f"{self.url}/health", timeout=HANGS_SECONDS)
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds. Fail if the listener ends before."""
        deadline = time.monotonic() + HANGS_SECONDS
        while not condition():
            assert self.process.poll() is None and time.monotonic() < deadline, self.stderr
            time.sleep(0.02)
