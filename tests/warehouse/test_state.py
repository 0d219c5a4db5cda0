"""State: bound, apart, recovered, administered; nothing is taken for a first sync that is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import on_every_warehouse

pytestmark = on_every_warehouse

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}
ROWS = "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)"


@pytest.fixture
def users(project: Project) -> Project:
    """Two users, synced once."""
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    assert project.sync().exit_code == 0
    return project


def log(project: Project) -> list[tuple[object, ...]]:
    """The whole log, to see that nothing was written."""
    return project.state("select * from state.sync_log order by sync, entry")


def test_state_is_kept_apart_by_environment_id(users: Project, heap: Sandbox) -> None:
    users.vars["app_id"] = "999"
    assert users.sync().exit_code == 0
    assert [len(heap.users(app_id)) for app_id in ("1234567890", "999")] == [2, 2]


def test_state_is_kept_apart_by_host(users: Project, heap: Sandbox) -> None:
    other = users.environment["HEAP_BASE_URL"].replace("127.0.0.1", "localhost")
    heap.reset()
    assert users.sync(HEAP_BASE_URL=other).exit_code == 0
    assert len(heap.users()) == 2


def test_development_build_for_the_same_destination_is_not_sent(users: Project, heap: Sandbox) -> None:
    users.table("heap_users", f"select * from ({ROWS}) where user_id = 'ana'", schema="dev_ana")
    users.declare("heap_users", USERS, schema="dev_ana")
    before, requests = log(users), len(heap.requests())
    outcome = users.sync()
    assert outcome.exit_code == 2
    bound = ".".join(filter(None, [users.engine.database, users.engine.default_schema, "heap_users"]))
    assert f"was bound to {bound}" in outcome.stderr
    assert "dbt-heap state rebind heap_users" in outcome.stderr
    assert (log(users), len(heap.requests())) == (before, requests)


def test_rebind_accepts_a_moved_relation(users: Project, heap: Sandbox) -> None:
    users.table("heap_users", ROWS, schema="moved")
    users.declare("heap_users", USERS, schema="moved")
    assert users.run("state", "rebind", "heap_users").exit_code == 0
    requests = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == requests


def test_renamed_sync_stops_and_says_how_to_continue(users: Project, heap: Sandbox) -> None:
    del users.nodes["model.shop.heap_users"]
    users.table("heap_people", ROWS)
    users.declare("heap_people", USERS)
    requests = len(heap.requests())
    outcome = users.sync()
    assert outcome.exit_code == 2
    assert "dbt-heap state rename heap_users heap_people" in outcome.stderr
    assert len(heap.requests()) == requests


def test_renamed_sync_continues_from_the_state_of_its_former_name(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "name": "people"})
    assert users.run("state", "rename", "heap_users", "people").exit_code == 0
    requests = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == requests
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    users.sync()
    assert users.state("select \"Plan\" from state.people__synced where key = 'bob'") == [("pro",)]


def test_reset_makes_the_next_sync_a_first_one(users: Project, heap: Sandbox) -> None:
    assert users.run("state", "reset", "heap_users", "--yes").exit_code == 0
    heap.reset()
    assert users.sync().exit_code == 0
    assert len(heap.users()) == 2


def test_reset_asks_first(users: Project) -> None:
    before = log(users)
    assert users.run("state", "reset", "heap_users").exit_code == 1
    assert log(users) == before


@pytest.mark.parametrize(
    "command", [("reset", "nobody", "--yes"), ("rebind", "nobody"), ("rename", "nobody", "heap_users")]
)
def test_state_commands_name_the_syncs_there_are(users: Project, command: tuple[str, ...]) -> None:
    outcome = users.run("state", *command)
    assert outcome.exit_code == 2
    assert "heap_users" in outcome.stderr


def test_schema_with_tables_of_others_is_refused(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", ROWS)
    project.table("sessions", "select 1 as id", schema=project.state_schema)
    project.declare("heap_users", USERS)
    outcome = project.sync()
    assert outcome.exit_code == 2
    assert "sessions" in outcome.stderr and "vars.dbt_heap.schema" in outcome.stderr
    assert heap.requests() == []
    assert project.state_tables() == {"sessions"}


def test_dropped_state_table_is_not_treated_as_a_first_sync(users: Project, heap: Sandbox) -> None:
    users.state("drop view state.heap_users__synced")
    ((table,),) = users.state("select distinct synced from state.sync_log where step = 'closed'")
    users.state(f"drop table state.{table}")
    requests = len(heap.requests())
    outcome = users.sync()
    assert outcome.exit_code == 2
    assert "is missing" in outcome.stderr and "dbt-heap state reset heap_users" in outcome.stderr
    assert len(heap.requests()) == requests


def test_dropped_log_is_not_treated_as_a_first_sync(users: Project, heap: Sandbox) -> None:
    users.state("drop view state.runs")
    users.state("drop view state.rejects")
    users.state("drop table state.sync_log")
    before, requests = users.state_tables(), len(heap.requests())
    for command in ("sync", "plan"):
        outcome = users.run(command)
        assert outcome.exit_code == 2
        assert "sync_log is missing" in outcome.stderr
    assert (users.state_tables(), len(heap.requests())) == (before, requests)


def test_dropped_rejects_and_views_are_recreated_and_nothing_is_resent(users: Project, heap: Sandbox) -> None:
    before = users.state_tables()
    for name in ("view state.runs", "view state.rejects", "table state.reject_log", "view state.heap_users__synced"):
        users.state(f"drop {name}")
    requests = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == requests
    assert before - users.state_tables() <= {"heap_users__synced"}  # created again with the next row that is sent


def test_dropped_model_schema_is_reported_with_the_command_to_rebuild(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", USERS, schema="dropped")
    users.sql("create schema dropped")
    users.sql("drop schema dropped")
    requests = len(heap.requests())
    outcome = users.sync()
    assert outcome.exit_code == 2
    assert "dbt run --select heap_users" in outcome.stderr
    assert len(heap.requests()) == requests


def test_model_that_became_a_view_of_the_same_name_keeps_its_state(users: Project, heap: Sandbox) -> None:
    users.sql("alter table heap_users rename to base")
    users.sql("create view heap_users as select * from base")
    requests = len(heap.requests())
    assert users.sync().exit_code == 0
    assert len(heap.requests()) == requests


def test_live_run_is_left_alone(users: Project) -> None:
    lock = _locked(users, minutes_ago=0)
    outcome = users.sync()
    assert outcome.exit_code == 2
    assert "another run has been running since" in outcome.stderr and "elsewhere" in outcome.stderr
    assert users.sync("--if-running", "skip").exit_code == 0
    assert users.state(f"select run_id from state.{lock}") == [("aaaaaaaaaaaa",)]


def test_lock_of_a_run_silent_for_its_lease_is_taken_over(users: Project) -> None:
    _locked(users, minutes_ago=16)
    assert users.sync().exit_code == 0


def _locked(project: Project, *, minutes_ago: int) -> str:
    """The lock of a run elsewhere, which began so long ago and has said nothing since."""
    ((table,),) = project.state("select distinct synced from state.sync_log where step = 'closed'")
    lock = "lock_" + str(table).removeprefix("synced_")[:-13]
    kind = "view" if project.engine.adapter_type == "spark" else "table"
    began = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    project.state(f"create {kind} state.{lock} as select 'aaaaaaaaaaaa' as run_id, 'elsewhere' as host, "
                  f"cast(1 as bigint) as pid, cast('{began:%Y-%m-%d %H:%M:%S}' as timestamp) as at")  # fmt: skip
    return lock


def test_nothing_is_left_behind_but_state(users: Project) -> None:
    users.sql("update heap_users set plan = 'pro'")
    users.sync()
    names = users.state_tables()
    assert {name for name in names if not name.startswith("synced_")} == {
        "sync_log", "reject_log", "builds", "runs", "rejects", "heap_users__synced",
    }  # fmt: skip
    assert len(names) == 7


def test_plan_writes_nothing(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    assert project.run("plan", "--check").exit_code == 3
    assert project.state_tables() == set()
    assert heap.requests() == []


def test_plan_larger_than_max_rows_is_refused_before_the_first_byte(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "max_rows": 1})
    users.sql("update heap_users set plan = 'pro'")
    requests = len(heap.requests())
    outcome = users.sync()
    assert outcome.exit_code == 1
    assert "dbt-heap sync --allow-large heap_users" in outcome.stderr
    assert len(heap.requests()) == requests
    assert users.sync("--allow-large", "heap_users").exit_code == 0


def test_max_rows_may_be_a_share_of_the_rows_in_state(users: Project) -> None:
    users.declare("heap_users", {**USERS, "max_rows": "50%"})
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    assert users.sync().exit_code == 0
    users.sql("update heap_users set plan = 'max'")
    assert users.sync().exit_code == 1


def test_large_first_sync_needs_a_flag(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", "select 'u' || i as user_id, 'team' as plan from generate_series(0, 100000) as t(i)")
    project.declare("heap_users", USERS)
    outcome = project.sync()
    assert outcome.exit_code == 1
    assert "dbt-heap sync --first-sync" in outcome.stderr
    assert heap.requests() == []


@pytest.mark.parametrize("name", ["origin", "doubt", "acked_at", "run_id", "key"])
def test_property_may_have_the_name_of_a_state_column(users: Project, heap: Sandbox, name: str) -> None:
    users.declare("heap_users", {**USERS, "properties": {name: "plan"}})
    for plan in ("one", "two", "three"):
        users.sql(f"update heap_users set plan = '{plan}'")
        outcome = users.sync()
        assert (outcome.exit_code, outcome.stderr.count("view")) == (0, 0), outcome.stderr
    assert {user["properties"][name] for user in heap.users()} == {"three"}
