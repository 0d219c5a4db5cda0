"""`listen`: webhooks over real HTTP, each worked off by a sync in a process of its own."""

from __future__ import annotations

import asyncio
import hmac
import json
import signal
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner

from dbt_heap.cli.group import group
from dbt_heap.listen import app
from dbt_heap.listen.app import Reception, application
from dbt_heap.listen.events import Seen, parse_event
from dbt_heap.listen.options import ListenOptions
from dbt_heap.listen.queue import FullError, Queue, Work
from dbt_heap.listen.worker import Worker
from dbt_heap.sandbox.server import Sandbox
from tests.cloud.listener import SECRET, Listener, webhook
from tests.cloud.server import JOB, NOT_FOUND, TOKEN, Asked, DbtCloud, Reply, step
from tests.project import Project
from tests.warehouse.users import ROWS, USERS, many_users
from tests.warehouses import Engine

MODEL = "model.shop.heap_users"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def listener(project: Project, cloud: DbtCloud, *arguments: str) -> Listener:
    """One whose syncs are of this project."""
    folders = ("--project-dir", str(project.folder), "--profiles-dir", str(project.folder))
    environment = {**cloud.environment, **project.environment}
    return Listener(project.folder / "listener.log", environment, *arguments, "--", *folders)


def built(cloud: DbtCloud, project: Project, run: int) -> None:
    """Has dbt Cloud know of a good run that built the project."""
    project.metadata["invocation_id"] = "i1"
    project.write()
    done = step("build", (MODEL, "success"))
    manifest = (project.folder / "target" / "manifest.json").read_bytes()
    cloud.add(run, replace(done, artifacts={**done.artifacts, "manifest.json": manifest}))


def test_a_webhook_is_synced_once_and_all_else_is_refused_or_dropped(
    project: Project, cloud: DbtCloud, heap: Sandbox
) -> None:
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    built(cloud, project, 7)
    body = webhook(7)
    with listener(project, cloud, "--job-id", str(JOB)) as listening:
        assert listening.post(body, None).status_code == 401
        assert listening.post(body, "0" * 64).status_code == 401
        assert listening.post(body, "\xe9").status_code == 401
        assert listening.post(b"[]").status_code == 400
        assert listening.post(body[:-1]).status_code == 400
        assert listening.post(b" " * (1 << 20) + body).status_code == 413
        for unwanted in (
            webhook(7, kind="job.run.started"), webhook(7, event="other", job=5), webhook(7, event="c", status=30),
        ):  # fmt: skip
            assert listening.post(unwanted).status_code == 202
        assert cloud.asked == []
        first = listening.post(body)
        assert (first.status_code, first.json()) == (202, {"status": "accepted"})
        again = [listening.post(body), listening.post(webhook(7, event="another")), listening.post(webhook(6))]
        assert [each.json()["status"].partition(":")[0] for each in again] == ["dropped"] * 3
        listening.until(lambda: listening.health()["last"])
        health = listening.health()
        assert health["last"] == {"job": JOB, "run": 7, "exit_code": 0}, listening.said
        assert (health["received"], health["refused"], health["dropped"], health["accepted"]) == (13, 6, 6, 1)
    assert len(heap.users()) == 3
    assert "sends by run 7 of dbt Cloud" in listening.said
    assert SECRET not in listening.said and TOKEN not in listening.said
    assert listening.process.returncode == 0


def test_a_flood_costs_one_sync_a_job_and_never_two_at_once(project: Project, cloud: DbtCloud) -> None:
    released = Event()

    def held(asked: Asked) -> Reply:
        assert released.wait(60)
        return NOT_FOUND

    cloud.hook = held
    with listener(project, cloud, "--job-id", str(JOB), "--job-id", "5", "--catch-up") as listening:
        listening.until(lambda: cloud.asked)  # the first of the jobs catches up
        for number in range(1, 41):
            assert listening.post(webhook(number, status=20)).json() == {"status": "accepted"}
        health = listening.health()
        assert (health["running"], health["waiting"]) == ({"job": 5, "run": None}, 1)
        assert len(cloud.asked) == 1
        released.set()
        listening.until(lambda: listening.health()["waiting"] == 0 and not listening.health()["running"])
        assert listening.health()["last"]["exit_code"] == 2  # dbt Cloud knew no such run
    assert [each for each in cloud.paths() if each != "/runs/"] == ["/runs/40/"]
    assert cloud.asked[0].query["job_definition_id"] == "5"


def test_a_sigterm_ends_the_sync_under_way_in_good_order(
    tmp_path: Path, engine: Engine, cloud: DbtCloud, slow_heap: Sandbox
) -> None:
    project = Project(tmp_path, slow_heap.url, engine)
    many_users(project, 8_000)
    built(cloud, project, 7)
    project.environment["DBT_HEAP_IN_FLIGHT"] = "1"
    with listener(project, cloud) as listening:
        listening.post(webhook(7))
        listening.until(lambda: len(slow_heap.requests()) >= 2)
        listening.post(webhook(9, job=5))
        listening.process.send_signal(signal.SIGTERM)
        listening.process.wait(timeout=30)
    assert listening.process.returncode == 0, listening.said
    assert "Stopping after the requests under way" in listening.said
    assert "1 runs that wait are left undone" in listening.said
    results = project.results()["heap_users"]
    assert (results["status"], results["accepted"]) == ("partial", len(slow_heap.users()))
    assert not any("/runs/9/" in path for path in cloud.paths())


async def _answered(reception: Reception, *parts: bytes | None, method: str = "POST") -> int:
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


def answered(reception: Reception, *parts: bytes | None, method: str = "POST") -> int:
    return asyncio.run(_answered(reception, *parts, method=method))


def test_what_it_is_told_to_leave_alone_is_dropped_and_what_is_too_much_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = Queue(most_jobs=1)
    worker = Worker(queue, [], lambda _: None)
    reception = Reception(ListenOptions(secret=SECRET, command=[], only_success=True), queue, worker)
    failed, well = webhook(7, status=20, event="a"), webhook(7, event="b")
    assert answered(reception, failed) == 202
    assert len(queue) == 0
    assert answered(reception, well[:9], well[9:]) == 202
    assert len(queue) == 1
    assert answered(reception, webhook(8, job=5)) == 503
    assert answered(reception, method="GET") == 503  # nobody works it off
    monkeypatch.setattr(app, "BODY_SECONDS", 0.05)
    assert answered(reception, b"{", None) == 408


# What is remembered is bounded


def test_a_queue_keeps_the_newest_run_of_so_many_jobs() -> None:
    queue = Queue(most_jobs=2)
    assert [queue.put(Work(1, 10)), queue.put(Work(1, 12)), queue.put(Work(1, 11))] == [True, True, False]
    assert queue.put(Work(2, 20))
    with pytest.raises(FullError):
        queue.put(Work(3, 30))
    assert (queue.take(), queue.take(), len(queue)) == (Work(1, 12), Work(2, 20), 0)
    assert queue.put(Work(3, 30))
    assert queue.close() == 1
    assert queue.take() is None
    with pytest.raises(FullError):
        queue.put(Work(4, 40))


def test_events_are_remembered_up_to_a_number() -> None:
    seen = Seen(most=2)
    for event in ("a", "b", "c"):
        seen.add(event)
    assert ["a" in seen, "b" in seen, "c" in seen] == [False, True, True]


@pytest.mark.parametrize(
    "change",
    [{"eventId": ""}, {"eventId": 7}, {"eventId": "e" * 201}, {"eventType": None}, {"data": []}, {"data": {}}]
    + [{"data": {"jobId": "1", "runId": "7", "runStatusCode": each}} for each in (True, 10.5, "ten", None, [10])],
)  # fmt: skip
def test_what_is_no_event_is_told_apart(change: dict[str, object]) -> None:
    assert parse_event(webhook(7)).run == 7
    with pytest.raises(ValueError, match="it"):
        parse_event(json.dumps({**json.loads(webhook(7)), **change}).encode())


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 200_000, b'"text"'])
def test_what_is_no_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_event(body)


# What it needs


def refused(*arguments: str, **environment: str) -> str:
    ran = CliRunner().invoke(group, ["listen", *arguments], env={"DBT_CLOUD_JOB_ID": None, **environment})
    assert ran.exit_code == 2
    return ran.stderr


def test_what_every_sync_would_stumble_over_is_told_at_the_start(cloud: DbtCloud) -> None:
    well = {**cloud.environment, "DBT_CLOUD_WEBHOOK_SECRET": SECRET}
    assert "--catch-up needs --job-id" in refused("--catch-up", **well)
    assert "No such option" in refused("--", "--no-such-flag", **well)
    assert "unset DBT_CLOUD_JOB_ID and DBT_CLOUD_RUN_ID" in refused(**{**well, "DBT_CLOUD_JOB_ID": "5"})
    assert "the environment variable DBT_CLOUD_API_TOKEN" in refused(**{**well, "DBT_CLOUD_API_TOKEN": ""})
    assert "the environment variable DBT_CLOUD_WEBHOOK_SECRET" in refused(**{**well, "DBT_CLOUD_WEBHOOK_SECRET": ""})
