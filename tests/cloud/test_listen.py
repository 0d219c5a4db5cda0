"""`listen`: webhooks over real HTTP, each worked off by a sync in a process of its own."""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import signal
import socket
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from dbt_heap.cli.group import group
from dbt_heap.cloud.listener import receiver
from dbt_heap.cloud.listener.options import ListenOptions
from dbt_heap.cloud.listener.queue import ClosedError, Queue, Work, Worker
from dbt_heap.cloud.listener.receiver import Seen, WebhookReceiver, application, parse_event
from dbt_heap.cloud.listener.server import CONNECTIONS
from dbt_heap.sandbox.server import Sandbox
from tests.cloud.listener import SECRET, Listener, webhook
from tests.cloud.server import JOB, TOKEN, DbtCloud, step
from tests.project import HANGS_SECONDS, Project
from tests.warehouse.users import ROWS, USERS, many_users
from tests.warehouses import Engine

NO_EVENT = "the body is not an event of dbt platform"
LINE = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) ")
MODEL = "model.shop.heap_users"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def listener(project: Project, cloud: DbtCloud) -> Listener:
    """`dbt-heap listen`, whose syncs are of this project."""
    folders = ("--project-dir", str(project.folder), "--profiles-dir", str(project.folder))
    environment = {**cloud.environment, **project.environment}
    arguments = ("dbt_heap", "listen", "--port", "0", "--job-id", str(JOB), "--", *folders)
    return Listener(project.folder / "listener.log", environment, *arguments)


def stub(folder: Path, *jobs: int, code: int = 0, catch_up: str = "no", mute_dbt_events: float = 10) -> Listener:
    """One whose syncs note their job and wait for `go`."""
    arguments = (str(folder), str(code), catch_up, str(mute_dbt_events), *map(str, jobs))
    return Listener(folder / "listener.log", {}, "tests.cloud.stub", *arguments)


def begun(folder: Path) -> list[str]:
    """The jobs whose stubs of syncs began."""
    noted = folder / "begun"
    return noted.read_text().split() if noted.exists() else []


def built(cloud: DbtCloud, project: Project, run: int) -> None:
    """Has dbt Cloud know of a good run that built the project."""
    project.metadata["invocation_id"] = "i1"
    project.write()
    done = step("build", (MODEL, "success"))
    manifest = (project.folder / "target" / "manifest.json").read_bytes()
    cloud.add(run, replace(done, artifacts={**done.artifacts, "manifest.json": manifest}))


def test_webhook_runs_one_sync_and_others_are_refused_or_dropped(
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
        assert listening.post(b"[]").json() == {"status": f"{NO_EVENT}: it is not a JSON object"}
        assert listening.post(body[:-1]).status_code == 400
        assert listening.post(b" " * (1 << 20) + body).status_code == 413
        for unwanted in (
            webhook(7, kind="job.run.started"), webhook(7, event="other", job=5), webhook(7, event="c", status=30),
        ):  # fmt: skip
            assert listening.post(unwanted).status_code == 202
        assert cloud.asked == []
        first = listening.post(body)
        assert (first.status_code, first.json()) == (202, {"status": "accepted"})
        assert listening.post(body).json() == {"status": "dropped: this event came before"}
        listening.until(lambda: listening.health()["last"])
        health = listening.health()
        assert health["last"] == {"job": JOB, "run": 7, "exit_code": 0}, listening.said
        assert (health["received"], health["refused"], health["dropped"], health["accepted"]) == (11, 6, 4, 1)
    assert len(heap.users()) == 3
    assert "sends by run 7 of dbt Cloud" in listening.said
    assert SECRET not in listening.said and TOKEN not in listening.said
    lines = listening.said.splitlines()
    assert [line for line in lines if not LINE.match(line)] == []
    for reason in (
        f"INFO listening on {listening.url} for runs of the jobs {JOB} of dbt platform",
        "WARNING webhook from 127.0.0.1: the Authorization header is not the HMAC of the body (status 401)",
        f"WARNING webhook from 127.0.0.1: {NO_EVENT}: it is not a JSON object (status 400)",
        "INFO webhook from 127.0.0.1: dropped: the event job.run.started is not job.run.completed (status 202)",
        "INFO webhook from 127.0.0.1: dropped: job 5 is not one of --job-id (status 202)",
        f"INFO webhook from 127.0.0.1: dropped: run 7 of job {JOB} ended with status 30, and only 10 and 20 count",
        f"INFO job {JOB} waits for its sync: its run 7 ended",
        f"INFO job {JOB}: heap_users: 3 new, 0 changed",
        f"INFO job {JOB}, whose run 7 ended: ended with exit code 0",
    ):
        assert any(reason in line for line in lines), reason
    assert listening.process.returncode == 0


def test_flood_of_webhooks_runs_one_sync_per_job_at_a_time(tmp_path: Path) -> None:
    with stub(tmp_path, 5, JOB, catch_up="yes") as listening:
        listening.until(lambda: begun(tmp_path))  # the first of the jobs catches up
        for number in range(1, 41):
            assert listening.post(webhook(number, status=20)).json() == {"status": "accepted"}
        assert listening.post(webhook(7, job=6)).json()["status"].startswith("dropped")
        assert listening.post(webhook(9, job=5)).json() == {"status": "accepted"}  # it may have looked before
        health = listening.health()
        assert (health["running"], health["waiting"]) == ({"job": 5, "run": None}, 2)
        assert begun(tmp_path) == ["5"]
        (tmp_path / "go").touch()
        listening.until(lambda: listening.health()["waiting"] == 0 and not listening.health()["running"])
    assert begun(tmp_path) == ["5", str(JOB), "5"]


def test_sync_that_could_not_run_is_retried_a_few_times(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    with stub(tmp_path, JOB, code=2) as listening:
        listening.post(webhook(7))
        seen: list[Any] = []
        listening.until(lambda: seen or seen.extend(listening.health()["again"]))  # type: ignore[func-returns-value]
        assert (seen[0]["job"], seen[0]["tried"] in (1, 2)) == (JOB, True)
        listening.until(lambda: "it is given up until a webhook of its job comes" in listening.said)
        assert begun(tmp_path) == [str(JOB)] * 3
        assert listening.health()["again"] == []
        listening.post(webhook(8))
        listening.until(lambda: len(begun(tmp_path)) == 6)
    assert listening.said.count("it is tried again in") == 4


def test_silent_connections_are_closed_and_others_are_not(tmp_path: Path) -> None:
    with stub(tmp_path, JOB, mute_dbt_events=0.3) as listening:
        port = int(listening.url.rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS + 10)]
        silent[0].sendall(b"GET /health HTTP/1.1\r\nHost: heap\r\n\r\nGET ")  # and half of another request
        full = requests.get(f"{listening.url}/health", timeout=HANGS_SECONDS)
        assert full.status_code == 503
        (tmp_path / "close").touch()
        listening.until(lambda: requests.get(f"{listening.url}/health", timeout=HANGS_SECONDS).status_code == 200)
        for each in silent:
            with each:
                each.settimeout(HANGS_SECONDS)
                while each.recv(1 << 16):
                    pass


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
        listening.until(lambda: len(own_heap.requests()) >= 2)
        listening.post(webhook(9))
        listening.process.send_signal(signal.SIGTERM)
        listening.until(lambda: "Stopping after the requests under way" in listening.said)
        own_heap.release()
        listening.process.wait(timeout=HANGS_SECONDS)
    assert listening.process.returncode == 0, listening.said
    assert "1 jobs that wait are left undone" in listening.said
    results = project.results()["heap_users"]
    assert (results["status"], results["accepted"]) == ("partial", len(own_heap.users()))
    assert not any("/runs/9/" in path for path in cloud.paths())


async def _answered(reception: WebhookReceiver, *parts: bytes | None, method: str = "POST") -> int:
    """The status of an answer; a body's parts come one by one, and None never comes."""
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
    await application(reception)(scope, receive, send)
    return int(sent[0]["status"])


def answered(reception: WebhookReceiver, *parts: bytes | None, method: str = "POST") -> int:
    return asyncio.run(_answered(reception, *parts, method=method))


def test_artifacts_that_never_come_are_not_waited_for_or_used(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()
    worker = Worker(queue, [])
    reception = WebhookReceiver(ListenOptions(secret=SECRET, command=[], jobs=frozenset({JOB})), queue, worker)
    whole = webhook(7)
    assert answered(reception, whole[:9], whole[9:]) == 202
    assert queue.close() == 1
    assert answered(reception, webhook(8)) == 503
    assert answered(reception, method="GET") == 503  # nobody works it off
    monkeypatch.setattr(receiver, "BODY_SECONDS", 0.05)
    assert answered(reception, b"{", None) == 408


# What waits and what is remembered


def test_job_is_queued_once_and_a_delayed_job_waits_until_it_is_due() -> None:
    now = 0.0
    queue = Queue(clock=lambda: now)
    queue.put(1, 10)
    queue.put(2, 20)
    queue.put(1, 11)
    first, second = queue.take(), queue.take()
    assert (first, second, len(queue)) == (Work(1, 11), Work(2, 20), 0)
    assert first and second
    queue.put_back(first, 60)
    queue.put_back(second, 60)
    assert queue.later() == [Work(1, 11, 1, 60), Work(2, 20, 1, 60)]
    queue.put(2, 21)
    queue.put_back(second, 60)  # it waits anew
    assert queue.take() == Work(2, 21)
    now = 61.0
    assert queue.take() == Work(1, 11, 1, 60)
    queue.close()
    assert queue.take() is None
    with pytest.raises(ClosedError):
        queue.put(4)


def test_events_are_remembered_up_to_a_number() -> None:
    seen = Seen(most=2)
    for event in ("a", "b", "c"):
        seen.add(event)
    assert ["a" in seen, "b" in seen, "c" in seen] == [False, True, True]


NUMBERS = {"jobId": "1", "runId": "7", "runStatusCode": 10}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eventId": ""}, "its eventId is empty or longer than 200 characters"),
        ({"eventId": "e" * 201}, "its eventId is empty or longer than 200 characters"),
        ({"eventId": 7}, "its eventId is not a text"), ({"eventType": None}, "its eventType is not a text"),
        ({"data": []}, "its data is not an object"), ({"data": {}}, "its data has no jobId"),
        *(({"data": {k: v for k, v in NUMBERS.items() if k != key}}, f"its data has no {key}") for key in NUMBERS),
        *(({"data": {**NUMBERS, "runStatusCode": each}}, "its runStatusCode is not a number")
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


# What it needs


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
    assert "the environment variable DBT_CLOUD_WEBHOOK_SECRET" in refused(*job, **blank)
