"""State outlives versions: a newer dbt-heap goes on where an older one stood, an older one lets a newer one's be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dbt_heap import __version__
from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.log import SCHEMA_VERSION
from dbt_heap.warehouse.connection import Warehouse
from tests.project import Project
from tests.warehouses import on_every_engine

pytestmark = on_every_engine

SINCE_VERSION_1 = ("newest", "standing")  # columns of the log that version 0 had not
COMMANDS = [("plan",), ("show",), ("check",), ("state", "show")]


@pytest.fixture
def shop(project: Project) -> Project:
    """Two users and an event, synced once by version 0."""
    project.table("heap_users", "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)")
    project.table("heap_orders", "select 1 as order_id, 'ana' as user_id, 5 as total")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}})
    project.declare(
        "heap_orders",
        {"type": "events", "identity": "user_id", "event_name": "Order", "unique_key": "order_id"},
    )
    assert project.sync().exit_code == 0
    as_version_0_left_it(project)
    return project


def as_version_0_left_it(project: Project) -> None:
    project.state("drop view state.runs")
    for column in SINCE_VERSION_1:
        project.state(f"alter table state.sync_log drop column {column}")
    project.state("update state.sync_log set schema_version = 0")
    project.state(
        "create view state.runs as select destination, sync, run_id, max(planned) as planned from state.sync_log "
        "group by destination, sync, run_id"
    )


def columns(project: Project) -> set[str]:
    where = f"where table_schema = '{project.state_schema}' and table_name = 'sync_log'"
    return {name for (name,) in project.sql(f"select column_name from information_schema.columns {where}")}


def log(project: Project) -> list[Any]:
    return project.state("select sync, entry, step, run_id from state.sync_log order by sync, entry")


def test_newer_version_continues_from_the_state_of_an_older_one(shop: Project, heap: Sandbox) -> None:
    before, requests = log(shop), len(heap.requests())
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == requests
    after = log(shop)
    assert [entry for entry in after if entry in before] == before
    assert len(after) == len(before) + 2
    assert columns(shop) >= set(SINCE_VERSION_1)
    assert shop.state("select distinct schema_version from state.sync_log order by 1") == [(0,), (SCHEMA_VERSION,)]
    assert shop.run("runs").exit_code == 0
    shop.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == requests + 1


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_read_only_commands_do_not_migrate_an_older_state(shop: Project, command: tuple[str, ...]) -> None:
    before = log(shop), columns(shop)
    assert shop.run(*command).exit_code == 0
    assert (log(shop), columns(shop)) == before


def test_state_command_brings_an_older_state_up_to_date(shop: Project) -> None:
    assert shop.run("state", "reset", "heap_users", "--yes").exit_code == 0
    assert columns(shop) >= set(SINCE_VERSION_1)


@pytest.mark.parametrize("done", range(4))
def test_migration_that_was_killed_is_ended_by_the_next_run(shop: Project, heap: Sandbox, done: int) -> None:
    steps = [
        "drop view state.runs",
        "alter table state.sync_log add column newest text",
        "alter table state.sync_log add column standing bigint",
    ]
    for step in steps[:done]:
        shop.state(step)
    requests = len(heap.requests())
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == requests
    assert columns(shop) >= set(SINCE_VERSION_1)
    assert shop.run("runs").exit_code == 0


def test_two_runs_can_migrate_at_the_same_time(shop: Project, heap: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    execute: Callable[..., None] = Warehouse.execute
    others: list[int] = []

    def after_another(self: Warehouse, macro: str, **arguments: Any) -> None:
        if macro == "migrate_state" and not others:
            self.close()
            others.append(-1)
            others.append(shop.sync().exit_code)
        execute(self, macro, **arguments)

    monkeypatch.setattr(Warehouse, "execute", after_another)
    requests = len(heap.requests())
    assert shop.sync().exit_code == 0
    assert others == [-1, 0]
    assert len(heap.requests()) == requests


@pytest.mark.parametrize("command", [("sync",), *COMMANDS[:2], ("state", "reset", "heap_users", "--yes")], ids=" ".join)
def test_older_version_does_not_change_a_newer_state(shop: Project, heap: Sandbox, command: tuple[str, ...]) -> None:
    shop.state("alter table state.sync_log add column of_tomorrow text")
    shop.state("update state.sync_log set schema_version = 99, step = 'of tomorrow' where sync = 'heap_orders'")
    before, requests = log(shop), len(heap.requests())
    outcome = shop.run(*command)
    assert outcome.exit_code == 2
    assert f"is of version 99, written by a newer dbt-heap; this one, {__version__}," in outcome.stderr
    assert "pip install -U dbt-heap" in outcome.stderr
    assert (log(shop), len(heap.requests())) == (before, requests)
