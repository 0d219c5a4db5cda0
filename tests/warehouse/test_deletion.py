"""`type: user_deletions`: listed people are deleted from Heap, leave the state, and are not sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.run import deliveries
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.project import Project
from tests.warehouse.deletions import DELETIONS, asked, deleting, kept_of, lists, shop
from tests.warehouse.users import ROWS, held
from tests.warehouses import on_every_warehouse


@pytest.fixture
def slow_to_delete() -> Iterator[Sandbox]:
    """A Heap that takes long over a deletion."""
    with running(SandboxOptions(rate_limits=False, api_key="secret-key", deletion_seconds=3600)) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again without much of a wait."""
    monkeypatch.setattr(deliveries, "POLL_SECONDS", 0.05)


@on_every_warehouse
def test_listed_users_are_deleted_leave_the_state_and_are_never_resent(users: Project, heap: Sandbox) -> None:
    shop(users)
    lists(users, "ana", "zed")
    ended = deleting(users)
    assert ended.exit_code == 0, ended.stderr
    assert "gone: success · 2 deleted" in ended.stderr
    (request,) = asked(heap)
    assert sorted(each["identity"] for each in json.loads(request["body"])["users"]) == ["ana", "zed"]
    assert (set(held(heap)), {each["identity"] for each in heap.events()}) == ({"bob", "cem"}, {"bob", "cem"})
    assert kept_of(users, "ana") == kept_of(users, "zed") == set()
    [(status, accepted)] = users.state("select status, accepted from state.runs where sync = 'gone'")
    assert (status, int(accepted)) == ("success", 2)
    heap.reset()
    users.table("heap_users", ROWS.replace("'team', 3", "'solo', 9"))
    assert deleting(users).exit_code == 0
    assert heap.requests() == []
    assert users.results()["heap_users"]["deleted"] == 1


def test_deletion_is_off_unless_it_is_allowed(users: Project, heap: Sandbox) -> None:
    shop(users)
    lists(users, "ana")
    ended = users.sync(HEAP_API_KEY="secret-key")
    assert ended.exit_code == 0
    assert "--allow-deletions" in ended.stderr
    assert users.results()["gone"]["status"] == "skipped"
    assert (asked(heap), set(held(heap))) == ([], {"ana", "bob", "cem"})


def test_without_a_terminal_consent_is_needed_beforehand(users: Project, heap: Sandbox) -> None:
    lists(users, "ana")
    ended = users.sync("--allow-deletions", HEAP_API_KEY="secret-key")
    assert (ended.exit_code, heap.requests()) == (2, [])
    assert "add --yes" in ended.stderr


def test_key_is_needed(project: Project, heap: Sandbox) -> None:
    lists(project, "ana")
    without = deleting(project, HEAP_API_KEY="")
    assert (without.exit_code, heap.requests()) == (2, [])
    assert "HEAP_API_KEY" in without.stderr and "Privacy & Security" in without.stderr


def test_rejected_api_key_is_reported_and_not_shown(project: Project, slow_to_delete: Sandbox) -> None:
    project.environment["HEAP_BASE_URL"] = slow_to_delete.url
    lists(project, "ana-4711")
    ended = deleting(project, "--log-format", "json", HEAP_API_KEY="wrong-key")
    assert ended.exit_code == 1
    assert "Main Production" in ended.stderr
    shown = ended.stderr + ended.stdout + json.dumps(project.results())
    assert "wrong-key" not in shown and "4711" not in shown


def test_every_command_supports_deletions(users: Project, heap: Sandbox) -> None:
    shop(users)
    lists(users, "ana", "null")
    commands = [
        "ls", "ls --output json", "check", "plan", "plan --output markdown", "show", "exposures", "rejects", "runs",
        "state show",
    ]  # fmt: skip
    for _ in "before", "after":
        for command in commands:
            ended = users.run(*command.split())
            assert ended.exit_code == 0, (command, ended.stderr)
        assert "deletions" in Path(users.run("report").stdout.strip()).read_text()
        assert deleting(users).exit_code == 1  # one is no identity


def test_plan_counts_users_that_heap_would_delete(project: Project, heap: Sandbox) -> None:
    lists(project, "ana", "bob", "ana")
    plan = project.run("plan")
    assert "gone: With --allow-deletions, Heap deletes them from all environments of the project" in plan.stdout
    assert project.run("plan", "--output", "json").json()[0]["new"] == 2
    assert heap.requests() == []


@on_every_warehouse
def test_identity_column_of_a_deletion_may_change(project: Project, heap: Sandbox) -> None:
    lists(project, "ana")
    assert deleting(project).exit_code == 0
    project.table("gone", "select 'bob' as person_id")
    project.declare("gone", {**DELETIONS, "identity": "person_id"})
    for command in "plan", "check":
        ended = project.run(command)
        assert ended.exit_code == 0, ended.stderr
    assert project.run("plan", "--output", "json").json()[0]["new"] == 1
    assert deleting(project).exit_code == 0
    assert [json.loads(each["body"])["users"][0]["identity"] for each in asked(heap)] == ["ana", "bob"]


def test_more_than_a_thousand_are_refused_unless_the_sync_says_otherwise(project: Project, heap: Sandbox) -> None:
    many = [f"u{each}" for each in range(1_001)]
    lists(project, *many)
    refused = deleting(project)
    assert (refused.exit_code, asked(heap)) == (1, [])
    assert "1,001" in refused.stderr and "max_rows" in refused.stderr
    lists(project, *many, max_rows=2_000)
    assert deleting(project).exit_code == 0
    assert len(asked(heap)) == 1


def test_request_has_at_most_10000_records(project: Project, heap: Sandbox) -> None:
    project.table("gone", "select 'u' || i as user_id from generate_series(1, 10001) as t(i)")
    project.declare("gone", {"type": "user_deletions", "identity": "user_id", "max_rows": 20_000})
    assert deleting(project).exit_code == 0
    assert [each["records"] for each in asked(heap)] == [10_000, 1]


def test_refused_user_does_not_delay_other_deletions(project: Project, heap: Sandbox) -> None:
    lists(project, "ana", "bob", "cem", "dan")
    heap.refuse("cem")
    ended = deleting(project)
    assert ended.exit_code == 1
    assert (
        project.results()["gone"] | {"accepted": 3, "rejected": 1, "reasons": {"refused_by_heap": 1}}
        == project.results()["gone"]
    )
    heap.refuse()
    assert kept_of(project, "ana") == set()


def test_invalid_identity_is_rejected_before_heap_is_asked(project: Project, heap: Sandbox) -> None:
    lists(project, "ana", "null", "")
    deleting(project)
    assert project.results()["gone"]["reasons"] == {"blank_identity": 1, "placeholder_identity": 1}
    assert [each["records"] for each in asked(heap)] == [1]


def test_numbers_of_heaps_sdk_are_sent_as_numbers(project: Project, heap: Sandbox) -> None:
    project.table("gone", "select 901 as sdk_id")
    project.declare("gone", {"type": "user_deletions", "heap_user_id": "sdk_id"})
    assert deleting(project).exit_code == 0
    assert json.loads(asked(heap)[0]["body"]) == {"users": [{"user_id": 901}]}


@on_every_warehouse
def test_next_run_waits_for_deletions_that_heap_has_not_completed(
    users: Project, slow_to_delete: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.environment["HEAP_BASE_URL"] = slow_to_delete.url
    shop(users)
    lists(users, "ana")
    monkeypatch.setattr(deliveries, "WAIT_SECONDS", 0.2)
    ended = deleting(users)
    assert ended.exit_code == 0
    assert "Heap has not reported yet that it has deleted 1 user" in ended.stderr
    users.sql("update heap_users set seats = 9 where user_id = 'ana'")
    assert users.sync().exit_code == 0
    assert users.results()["heap_users"]["deleted"] == 1
    slow_to_delete.complete_deletions()
    assert deleting(users).exit_code == 0
    assert (len(asked(slow_to_delete)), kept_of(users, "ana")) == (1, set())


def test_deletion_stops_waiting_once_heap_rejects_the_key(
    users: Project, slow_to_delete: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.environment["HEAP_BASE_URL"] = slow_to_delete.url
    lists(users, "ana")
    monkeypatch.setattr(deliveries, "WAIT_SECONDS", 0.2)
    assert deleting(users).exit_code == 0
    monkeypatch.setattr(deliveries, "WAIT_SECONDS", 300.0)
    ended = deleting(users, HEAP_API_KEY="revoked")
    assert (ended.exit_code, users.results()["gone"]["status"]) == (1, "undelivered")
    assert "Main Production" in ended.stderr
    assert users.results()["gone"]["seconds"] < 150


def test_deletion_request_unknown_to_heap_is_made_again(users: Project, slow_to_delete: Sandbox) -> None:
    users.environment["HEAP_BASE_URL"] = slow_to_delete.url
    lists(users, "ana")
