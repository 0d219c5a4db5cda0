"""`listen`: webhooks over real HTTP, and a sync in its own process for each."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import signal
import socket
from collections.abc import MutableMapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from dbt_heap.cli.group import group
from dbt_heap.cloud.listener.queue import ClosedError, ListenOptions, Queue, Work, Worker
from dbt_heap.cloud.listener.receiver import WebhookReceiver, parse_event
from dbt_heap.cloud.listener.server import MAX_CONNECTIONS
from dbt_heap.sandbox.server import Sandbox
from tests.cloud.listener import SECRET, Listener, webhook
from tests.cloud.server import JOB, TOKEN, DbtCloud, step
from tests.project import HANGS_SECONDS, Project
from tests.warehouse.users import ROWS, USERS, many_users
from tests.warehouses import Engine

NOT_AN_EVENT = "the body is not a dbt platform event"
LINE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) ")
MODEL = "model.shop.heap_users"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def listener(project: Project, cloud: DbtCloud) -> Listener:
    """Return `dbt-heap listen` for a project."""
    folders = ("--project-dir", str(project.folder), "--profiles-dir", str(project.folder))
    environment = {**cloud.environment, **project.environment}
    arguments = ("dbt_heap", "listen", "--port", "0", "--job-id", str(JOB), "--", *folders)
    return Listener(project.folder / "listener.log", environment, *arguments)


def stub(folder: Path, *jobs: int, code: int = 0, catch_up: str = "no") -> Listener:
    """Return a listener whose syncs note their job and wait for the file `go`."""
    arguments = (str(folder), str(code), catch_up, *map(str, jobs))
    return Listener(folder / "listener.log", {}, "tests.cloud.stub", *arguments)


def started_syncs(folder: Path) -> list[str]:
    """Return the jobs whose syncs have started, in order."""
    noted = folder / "begun"
    return noted.read_text().split() if noted.exists() else []


def built(cloud: DbtCloud, project: Project, run: int) -> None:
    """Add a successful run that built the project."""
    project.metadata["invocation_id"] = "i1"
    project.write()
    done = step("build", (MODEL, "success"))
    manifest = (project.folder / "target" / "manifest.json").read_bytes()
    cloud.add(run, replace(done, artifacts={**done.artifacts, "manifest.json": manifest}))


def test_webhook_runs_one_sync_and_others_are_refused_or_ignored(
    project: Project, cloud: DbtCloud, heap: Sandbox
) -> None:
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    built(cloud, project, 7)
    body = webhook(7)
    with listener(project, cloud) as listening:
        assert listening.post(body, None).status_code == 401
        assert listening.post(body, "0" * 64).status_code == 401
        assert listening.post(body, "\xe9").status_code == 401
        assert listening.post(b"[]").json() == {"status": f"{NOT_AN_EVENT}: it is not a JSON object"}
        assert listening.post(body[:-1]).status_code == 400
        assert listening.post(b" " * (1 << 20) + body).status_code == 413
        for unwanted in (
            webhook(7, kind="job.run.started"), webhook(7, job=5), webhook(7, status=30),
        ):  # fmt: skip
            assert listening.post(unwanted).status_code == 202
        assert cloud.asked == []
        first = listening.post(body)
        assert (first.status_code, first.json()) == (202, {"status": "accepted"})
        listening.wait_until(lambda: listening.health()["last"])
        health = listening.health()
        assert health["last"] == {"job": JOB, "run": 7, "exit_code": 0}, listening.stderr
        assert (health["received"], health["refused"], health["ignored"], health["accepted"]) == (10, 6, 3, 1)
    assert len(heap.users()) == 3
    assert "using dbt platform run 7" in listening.stderr
    assert SECRET not in listening.stderr and TOKEN not in listening.stderr
    lines = listening.stderr.splitlines()
    assert [line for line in lines if not LINE.match(line)] == []
    for reason in (
        f"INFO listening on {listening.url} for runs of dbt platform jobs: {JOB}",
        "WARNING webhook from 127.0.0.1: the Authorization header is not the HMAC of the body (status 401)",
        f"WARNING webhook from 127.0.0.1: {NOT_AN_EVENT}: it is not a JSON object (status 400)",
        "INFO webhook from 127.0.0.1: ignored: the event is job.run.started, not job.run.completed (status 202)",
        "INFO webhook from 127.0.0.1: ignored: no --job-id names job 5 (status 202)",
        f"INFO webhook from 127.0.0.1: ignored: run 7 of job {JOB} ended with status 30, not 10 (success)",
        f"INFO job {JOB} is queued: its run 7 ended",
        f"INFO job {JOB}: heap_users: 3 new, 0 changed",
        f"INFO job {JOB} (run 7): the sync ended with exit code 0",
    ):
        assert any(reason in line for line in lines), reason
    assert listening.process.returncode == 0


def test_flood_of_webhooks_runs_one_sync_per_job_at_a_time(tmp_path: Path) -> None:
    with stub(tmp_path, 5, JOB, catch_up="yes") as listening:
        listening.wait_until(lambda: started_syncs(tmp_path))  # the sync of the first job, which catches up
        for number in range(1, 41):
            assert listening.post(webhook(number, status=20)).json() == {"status": "accepted"}
        assert listening.post(webhook(7, job=6)).json()["status"].startswith("ignored")
        assert listening.post(webhook(9, job=5)).json() == {"status": "accepted"}  # after its sync looked for a run
        health = listening.health()
        assert (health["running"], health["waiting"]) == ({"job": 5, "run": None}, 2)
        assert started_syncs(tmp_path) == ["5"]
        (tmp_path / "go").touch()
        listening.wait_until(lambda: len(started_syncs(tmp_path)) == 3)
        listening.wait_until(lambda: not listening.health()["running"])
    assert started_syncs(tmp_path) == ["5", str(JOB), "5"]


def test_sync_that_could_not_run_is_retried_a_few_times(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with stub(tmp_path, JOB, code=2) as listening:
        listening.post(webhook(7))
        seen: list[Any] = []
        listening.wait_until(lambda: seen or seen.extend(listening.health()["again"]))  # type: ignore[func-returns-value]
        assert (seen[0]["job"], seen[0]["tried"] in (1, 2)) == (JOB, True)
        listening.wait_until(lambda: "not retried until the job's next webhook" in listening.stderr)
        assert started_syncs(tmp_path) == [str(JOB)] * 3
        assert listening.health()["again"] == []
        listening.post(webhook(8))
        listening.wait_until(lambda: len(started_syncs(tmp_path)) == 6)
    assert listening.stderr.count("; retrying in") == 4


def test_503_answers_requests_over_the_limit_of_connections(tmp_path: Path) -> None:
    with stub(tmp_path, JOB) as listening:
        port = int(listening.url.rpartition(":")[2])
        with ExitStack() as stack:
            for _ in range(MAX_CONNECTIONS + 10):
                stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            assert requests.get(f"{listening.url}/health", timeout=HANGS_SECONDS).status_code == 503
        listening.wait_until(lambda: requests.get(f"{listening.url}/health", timeout=HANGS_SECONDS).status_code == 200)


def test_sigterm_ends_a_running_sync_cleanly(
    tmp_path: Path, engine: Engine, cloud: DbtCloud, own_heap: Sandbox
) -> None:
    project = Project(tmp_path, own_heap.url, engine)
    many_users(project, 8_000)
    built(cloud, project, 7)
    project.environment |= {"DBT_HEAP_IN_FLIGHT": "1", "DBT_HEAP_REQUEST_TIMEOUT": "60"}
    own_heap.hold(after=1)
    with listener(project, cloud) as listening:
        listening.post(webhook(7))
        listening.wait_until(lambda: len(own_heap.requests()) >= 2)
        listening.post(webhook(9))
        listening.process.send_signal(signal.SIGTERM)
        listening.wait_until(lambda: "Stopping after the requests in flight" in listening.stderr)
        own_heap.release()
        listening.process.wait(timeout=HANGS_SECONDS)
    assert listening.process.returncode == 0, listening.stderr
    assert "1 queued job not synced" in listening.stderr
    results = project.results()["heap_users"]
    assert (results["status"], results["accepted"]) == ("partial", len(own_heap.users()))
    assert not any("/runs/9/" in path for path in cloud.paths())


async def _status(receiver: WebhookReceiver, *parts: bytes | None, method: str = "POST") -> int:
    """Return the status of an answer. The body's parts arrive one by one; None never arrives."""
    header = hmac.new(SECRET.encode(), b"".join(part or b"" for part in parts), "sha256").hexdigest().encode()
    coming, sent = list(parts), []

    async def receive() -> dict[str, object]:
        part = coming.pop(0)
        if part is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": part, "more_body": bool(coming)}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": "/" if method == "POST" else "/health", "query_string": b"",
        "headers": [(b"authorization", header)],
    }  # fmt: skip
    await receiver.application()(scope, receive, send)
    return int(sent[0]["status"])


def status(receiver: WebhookReceiver, *parts: bytes | None, method: str = "POST") -> int:
    return asyncio.run(_status(receiver, *parts, method=method))


def test_receiver_answers_503_after_closing_and_408_without_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    worker = Worker(queue, [])
    receiver = WebhookReceiver(ListenOptions(secret=SECRET, command=[], jobs=frozenset({JOB})), queue, worker)
    whole = webhook(7)
    assert status(receiver, whole[:9], whole[9:]) == 202
    assert queue.close() == 1
    assert status(receiver, webhook(8)) == 503
    assert status(receiver, method="GET") == 503  # the worker is not running
    monkeypatch.setattr("dbt_heap.cloud.listener.receiver.BODY_SECONDS", 0.05)
    assert status(receiver, b"{", None) == 408


# The queue


def test_job_is_queued_once_and_a_delayed_job_waits_until_it_is_due() -> None:
    now = 0.0
    queue = Queue(clock=lambda: now)
    queue.put(1, 10)
    queue.put(2, 20)
    queue.put(1, 11)
    first, second = queue.take(), queue.take()
    assert (first, second, len(queue)) == (Work(1, 11), Work(2, 20), 0)
    assert first and second
    queue.retry(first, 60)
    queue.retry(second, 60)
    assert queue.retries() == [(Work(1, 11, 1, 60), 60), (Work(2, 20, 1, 60), 60)]
    queue.put(2, 21)
    queue.retry(second, 60)  # queued again meanwhile: no effect
    assert queue.take() == Work(2, 21)
    now = 61.0
    assert queue.take() == Work(1, 11, 1, 60)
    queue.close()
    assert queue.take() is None
    with pytest.raises(ClosedError):
        queue.put(4)


# Events

NUMBERS = {"jobId": "1", "runId": "7", "runStatusCode": 10}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eventType": None}, "eventType is not a string"),
        ({"data": []}, "data is not an object"), ({"data": {}}, "data.jobId is missing"),
        *(({"data": {k: v for k, v in NUMBERS.items() if k != key}}, f"data.{key} is missing") for key in NUMBERS),
        *(({"data": {**NUMBERS, "runStatusCode": each}}, "data.runStatusCode is not a number")
          for each in (True, 10.5, "ten", None, [10])),
    ],
)  # fmt: skip
def test_body_that_is_not_an_event_is_refused_with_the_wrong_field(change: dict[str, object], reason: str) -> None:
    assert parse_event(webhook(7)).run == 7
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_event(json.dumps({**json.loads(webhook(7)), **change}).encode())


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 200_000, b'"text"'])
def test_invalid_json_is_reported_as_such(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_event(body)


# Options


def refused(*arguments: str, **environment: str) -> str:
    ran = CliRunner().invoke(group, ["listen", *arguments], env={"DBT_CLOUD_JOB_ID": None, **environment})
    assert ran.exit_code == 2
    return ran.stderr


def test_errors_common_to_all_syncs_are_reported_at_the_start(cloud: DbtCloud) -> None:
    well = {**cloud.environment, "DBT_CLOUD_WEBHOOK_SECRET": SECRET}
    job = ("--job-id", "7")
    assert "Missing option '--job-id'" in refused(**well)
    assert "No such option" in refused(*job, "--", "--no-such-flag", **well)
    assert "unset DBT_CLOUD_JOB_ID and DBT_CLOUD_RUN_ID" in refused(*job, **{**well, "DBT_CLOUD_JOB_ID": "5"})
    assert "the environment variable DBT_CLOUD_API_TOKEN" in refused(*job, **{**well, "DBT_CLOUD_API_TOKEN": ""})
    blank = {**well, "DBT_CLOUD_WEBHOOK_SECRET": " \n"}
    assert "set DBT_CLOUD_WEBHOOK_SECRET to the webhook's secret" in refused(*job, **blank)
