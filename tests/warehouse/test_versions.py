"""A newer dbt-heap continues with the state of an older one; an older one leaves a newer state alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dbt_heap import __version__
from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.log import SCHEMA_VERSION
from dbt_heap.warehouse.connection import Warehouse
from tests.project import HANGS_SECONDS, Project, wait_for_requests
from tests.warehouses import Engine, on_every_engine

pytestmark = on_every_engine

ADDED = ("newest_event_at", "still_rejected")  # columns of the log that version 0 had under no name
RENAMED = {"sent_up_to": "horizon", "still_rejected": "standing", "newest_event_at": "newest"}  # in version 2
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
    for column in ADDED:
        project.state(f"alter table state.sync_log drop column {column}")
    project.state("update state.sync_log set schema_version = 0")
    project.state(
        "create view state.runs as select destination, sync, run_id, max(planned) as planned from state.sync_log "
        "group by destination, sync, run_id"
    )


def as_version_1_left_it(project: Project) -> None:
    project.state("drop view state.runs")
    for name, earlier in RENAMED.items():
        project.state(f"alter table state.sync_log rename column {name} to {earlier}")
    project.state("alter table state.sync_log drop column property_names")
    project.state("update state.sync_log set schema_version = 1")
    for step, earlier in (("sent_up_to", "horizon"), ("merged", "folded")):
        project.state(f"update state.sync_log set step = '{earlier}' where step = '{step}'")
    project.state(
        'create view state.runs as select destination, sync, run_id, min("at") as started_at, '
        "max(\"at\") as last_at, coalesce(max(status), 'unfinished') as status, max(planned) as planned, "
        "max(accepted) as accepted, max(rejected) as rejected, max(undelivered) as undelivered, "
        "max(standing) as standing, max(model) as model, max(relation) as relation, max(host) as host "
        "from state.sync_log group by destination, sync, run_id"
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
    assert columns(shop) >= set(ADDED)
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
    assert columns(shop) >= set(ADDED)


@pytest.mark.parametrize("done", range(4))
def test_migration_that_was_killed_is_ended_by_the_next_run(shop: Project, heap: Sandbox, done: int) -> None:
    steps = [
        "drop view state.runs",
        "alter table state.sync_log add column newest_event_at text",
        "alter table state.sync_log add column still_rejected bigint",
    ]
    for step in steps[:done]:
        shop.state(step)
    requests = len(heap.requests())
    assert shop.sync().exit_code == 0
    assert len(heap.requests()) == requests
    assert columns(shop) >= set(ADDED)
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


@pytest.fixture
def events(tmp_path: Path, own_heap: Sandbox, engine: Engine) -> Project:
    """Events with a lookback, one of them without an identity, synced once."""
    project = Project(tmp_path, own_heap.url, engine)
    orders(project, 3)
    project.declare(
        "heap_orders",
        {
            "type": "events", "identity": "user_id", "event_name": "Order", "unique_key": "order_id",
            "timestamp": "ordered_at", "lookback": "2 days",
        },
    )  # fmt: skip
    assert project.sync().exit_code == 1
    return project


def orders(project: Project, count: int) -> None:
    """Build so many orders; the second one has a blank identity."""
    rows = ", ".join(
        f"({number}, '{'' if number == 2 else 'ana'}', timestamp '2026-03-03 10:00:00')"
        for number in range(1, count + 1)
    )
    project.table("heap_orders", f"select * from (values {rows}) as t(order_id, user_id, ordered_at)")


def test_state_of_version_1_keeps_rejects_lookback_and_runs(events: Project, own_heap: Sandbox) -> None:
    runs, plan = shown(events, "runs"), shown(events, "plan")
    as_version_1_left_it(events)
    assert (shown(events, "runs"), shown(events, "plan")) == (runs, plan)
    before, requests = columns(events), len(own_heap.requests())
    assert events.sync().exit_code == 1
    assert len(own_heap.requests()) == requests
    assert columns(events) == before | {*RENAMED, "property_names"}
    latest, first = shown(events, "runs")
    assert (latest["still_rejected"], first) == (1, runs[0])


def shown(project: Project, command: str) -> Any:
    return project.run(command, "--output", "json").json()


def test_killed_run_of_version_1_is_recovered(events: Project, own_heap: Sandbox) -> None:
    orders(events, 2_500)
    answered = len(own_heap.requests())
    own_heap.hold(after=1)
    with events.start_sync("--in-flight", "1", "--request-timeout", "60") as process:
        wait_for_requests(own_heap, answered + 2, process)
        process.kill()
        process.wait(timeout=HANGS_SECONDS)
    own_heap.release()
    (outbox,) = [table for table in events.state_tables() if table.startswith("outbox_")]
    events.state(f"alter table state.{outbox} rename column still_rejected to stood")
    as_version_1_left_it(events)
    assert events.sync().exit_code == 1
    assert len(own_heap.events()) == 2_499
    requests = len(own_heap.requests())
    assert events.sync().exit_code == 1
    assert len(own_heap.requests()) == requests
