"""A server that answers like the dbt platform's API: https://docs.getdbt.com/dbt-cloud/api-v2."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.local_server import LocalServer, Requests

ACCOUNT, JOB, TOKEN = 123456, 43167, "dbtc_s3cret-token"
STATUSES = {3: "Running", 10: "Success", 20: "Error", 30: "Cancelled"}


@dataclass(frozen=True)
class Asked:
    """A request: its path below the account, its query, its headers."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer. `cut` omits the last bytes; `trickle` sends one byte every 20 ms."""

    status: int = 200
    text: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    trickle: bool = False


@dataclass(frozen=True)
class Step:
    """A step of a run, with the files that it wrote to `target/`."""

    name: str
    artifacts: Mapping[str, bytes] = field(default_factory=dict)


def wrapped(data: Any) -> Reply:
    """Return data as the API wraps it."""
    status = {"code": 200, "is_success": True, "user_message": "Success!", "developer_message": ""}
    return Reply(text=json.dumps({"status": status, "data": data}).encode(), headers={"Vary": "Accept"})


NOT_FOUND = Reply(404, json.dumps({"status": {"code": 404, "is_success": False}, "data": None}).encode())
FIRST = (Step("Clone git repository"), Step("Create profile from connection"), Step("Invoke dbt with `dbt deps`"))


class DbtCloud(LocalServer):
    """A server on the loopback interface, within a `with` block. `hook` may replace any answer."""

    def __init__(self) -> None:
        self.runs: dict[int, dict[str, Any]] = {}
        self.steps: dict[int, tuple[Step, ...]] = {}
        self.hook: Callable[[Asked], Reply | None] = lambda _: None
        self.asked: list[Asked] = []
        self.target = "default"  # the platform's name for a job's target, unless one is set
        cloud = self

        class Answering(Requests):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                path = parts.path.removeprefix(f"/api/v2/accounts/{ACCOUNT}")
                asked = Asked(path, query, dict(self.headers))
                cloud.asked.append(asked)
                with suppress(OSError):
                    self._answer(cloud.hook(asked) or cloud._answer(asked))

            def _answer(self, reply: Reply) -> None:
                self.send_response_only(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.text)))
                self.end_headers()
                if reply.trickle:
                    for byte in reply.text:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.02)
                self.wfile.write(reply.text[: len(reply.text) - reply.cut])
                if reply.cut:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

        super().__init__(Answering)
        self.environment = {
            "DBT_CLOUD_HOST": self.url, "DBT_CLOUD_ACCOUNT_ID": str(ACCOUNT), "DBT_CLOUD_API_TOKEN": TOKEN,
        }  # fmt: skip

    def add(self, number: int, *steps: Step, status: int = 10, job: int = JOB, first: Iterable[Step] = FIRST) -> None:
        """Add a run with these steps, after the three that every run starts with."""
        self.steps[number] = (*first, *steps)
        ended = status in (10, 20, 30)
        self.runs[number] = {
            "id": number,
            "trigger_id": number + 700_000,
            "account_id": ACCOUNT,
            "environment_id": 49819,
            "project_id": 123457,
            "job_definition_id": job,
            "status": status,
            "dbt_version": "versionless",
            "git_branch": "main",
            "git_sha": "981c5cf1ba299e942c6c277c38c8dec9b0738dd0",
            "status_message": None,
            "artifacts_saved": ended,
            "created_at": f"2026-11-25 {number // 60:02d}:{number % 60:02d}:24.326116+00:00",
            "finished_at": f"2026-11-25 {number // 60:02d}:{number % 60:02d}:34.435474+00:00" if ended else None,
            "status_humanized": STATUSES[status],
            "in_progress": not ended,
            "is_complete": ended,
            "is_success": status == 10,
            "job_id": job,
            "run_steps": [],
        }

    def paths(self) -> list[str]:
        """Return the requested paths in order, each with its step."""
        return [each.path + (f"?step={each.query['step']}" if "step" in each.query else "") for each in self.asked]

    def _answer(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Token {TOKEN}":
            return Reply(401, b'{"status": {"code": 401, "user_message": "Invalid token."}, "data": null}')
        if asked.path == "/runs/":
            return self._list(asked.query)
        found = re.fullmatch(r"/runs/(\d+)/(?:artifacts/(.+))?", asked.path)
        if not found or int(found[1]) not in self.runs:
            return NOT_FOUND
        number = int(found[1])
        if found[2] is None:
            return self._run(number, asked.query.get("include_related", ""))
        steps = self.steps[number]
        artifact = steps[int(asked.query.get("step", len(steps))) - 1].artifacts.get(found[2])
        return NOT_FOUND if artifact is None else Reply(text=artifact)

    def _run(self, number: int, related: str) -> Reply:
        listed = [
            {"id": number * 100 + index, "run_id": number, "index": index, "name": step.name, "status": 10,
             "status_humanized": "Success", "logs": "…", "debug_logs": ""}
            for index, step in enumerate(self.steps[number], start=1)
        ]  # fmt: skip
        job = {"id": self.runs[number]["job_id"], "settings": {"threads": 4, "target_name": self.target}}
        found = {**self.runs[number], "run_steps": listed if "run_steps" in related else []}
        return wrapped({**found, "job": job if "job" in related else None})

    def _list(self, query: Mapping[str, str]) -> Reply:
        assert query["order_by"] == "-finished_at"
        assert int(query["limit"]) <= 100
        wanted = (int(query["job_definition_id"]), int(query["status"]))
        found = [each for each in self.runs.values() if (each["job_definition_id"], each["status"]) == wanted]
        found.sort(key=lambda each: each["finished_at"], reverse=True)
        return wrapped(found[: int(query["limit"])])


def results(*ended: tuple[str, str], which: str = "build", invocation: str = "i1") -> bytes:
    """Return the run_results.json of a command."""
    metadata = {"invocation_id": invocation, "generated_at": "2026-11-25T12:00:00Z"}
    listed = [{"unique_id": unique_id, "status": status, "timing": []} for unique_id, status in ended]
    return json.dumps({"metadata": metadata, "args": {"which": which}, "results": listed}).encode()


def manifest(invocation: str = "i1", **content: Any) -> bytes:
    """Return the manifest.json of a command."""
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "project_name": "shop",
        "invocation_id": invocation, "generated_at": "2026-11-25T12:00:00Z",
    }  # fmt: skip
    return json.dumps({"metadata": metadata, "nodes": {}, "sources": {}, **content}).encode()


def step(which: str, *ended: tuple[str, str], invocation: str = "i1") -> Step:
    """Return a step whose command wrote both artifacts."""
    written = {
        "manifest.json": manifest(invocation), "run_results.json": results(*ended, which=which, invocation=invocation),
    }  # fmt: skip
    return Step(f"Invoke dbt with `dbt {which}`", written)
