"""`retain_days`: what is over is cleared, and where a sync stands is not."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import USERS
from tests.warehouses import on_every_engine

AGED = [("sync_log", "at"), ("reject_log", "first_at"), ("reject_log", "last_at"), ("heap_users__log", "sent_at")]


def age(project: Project, days: int) -> None:
    """Has all that is remembered happen so many days earlier."""
    for table, column in AGED:
        named = f'"{column}"' if column == "at" else column
        project.state(f"update state.{table} set {named} = {named} - interval '{days} days'")


def remembered(project: Project) -> dict[str, int]:
    return {table: project.state(f"select count(distinct run_id) from state.{table}")[0][0] for table, _ in AGED}


@pytest.fixture
def logged(users: Project) -> Project:
    """Users whose log is kept, and all that is older than thirty days is not."""
    users.declare("heap_users", {**USERS, "log": True})
    users.vars["retain_days"] = 30
    return users


@on_every_engine
def test_old_history_is_cleared_and_current_state_is_kept(logged: Project, heap: Sandbox) -> None:
    heap.refuse("bob")
    logged.sync()
    heap.refuse("bob", "cem")
    logged.sql("update heap_users set plan = 'x' where user_id <> 'ana'")
    logged.sync()
    assert remembered(logged) == {"sync_log": 2, "reject_log": 2, "heap_users__log": 1}
    age(logged, days=40)
    heap.refuse()
    assert "2 rows are still rejected" in logged.sync().stderr
    assert remembered(logged) == {"sync_log": 1, "reject_log": 1, "heap_users__log": 0}
    logged.sync("--retry-rejected")
    assert {user["identity"] for user in heap.users()} == {"ana", "bob", "cem"}


def test_recent_history_stays_and_is_cleared_once_per_day(logged: Project) -> None:
    logged.sync()
    age(logged, days=20)
    logged.sync()
    assert remembered(logged) == {"sync_log": 2, "reject_log": 0, "heap_users__log": 1}
    logged.state("update state.heap_users__log set sent_at = sent_at - interval '90 days'")
    logged.sync()
    assert remembered(logged)["heap_users__log"] == 1


def test_without_retain_days_everything_is_kept(logged: Project) -> None:
    del logged.vars["retain_days"]
    logged.sync()
    age(logged, days=4_000)
    logged.sync()
    assert remembered(logged)["heap_users__log"] == 1


def test_warehouse_that_refuses_comments_is_noted_and_fails_no_sync(logged: Project) -> None:
    logged.sync()
    age(logged, days=40)
    logged.state("alter table state.heap_users__log rename column sent_at to sent_once")
    outcome = logged.sync()
    assert outcome.exit_code == 0
    assert "runs and rejects older than 30 days (retain_days) cannot be deleted" in outcome.stderr
