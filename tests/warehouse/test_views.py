"""What people build on `<sync>__synced` stays, and stops no sync; each destination has a view of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state import steps
from tests.project import Project
from tests.warehouse.users import USERS
from tests.warehouses import on_every_engine

on_postgres = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@pytest.fixture
def built_upon(users: Project) -> Project:
    """Return three synced users, a reader of the view, and another view over it."""
    assert users.sync().exit_code == 0
    reader = f"reader_{users.engine.database}"
    users.sql(f"create role {reader}")
    users.state(f"grant select on state.heap_users__synced to {reader}")
    users.state('create view plans as select "Plan" from state.heap_users__synced')
    return users


def grants(project: Project) -> list[tuple[object, ...]]:
    """Who may read the view."""
    where = "where table_name = 'heap_users__synced' and grantee like 'reader%'"
    return project.sql(f"select privilege_type from information_schema.role_table_grants {where}")


@on_postgres
def test_sync_with_changes_keeps_grants_and_dependent_views(built_upon: Project) -> None:
    built_upon.sql("update heap_users set plan = 'pro'")
    assert built_upon.sync().exit_code == 0
    assert grants(built_upon) == [("SELECT",)]
    assert set(built_upon.sql("select * from plans")) == {("pro",)}


@on_postgres
def test_view_that_cannot_be_replaced_is_noted_and_the_sync_continues(built_upon: Project, heap: Sandbox) -> None:
    built_upon.declare("heap_users", {**USERS, "properties": {"Plan": "plan", "Seats": "seats", "Tariff": "plan"}})
    outcome = built_upon.sync()
    assert outcome.exit_code == 0
    assert "its view shows an older state" in outcome.stderr
    requests = len(heap.requests())
    assert built_upon.sync().exit_code == 0
    assert len(heap.requests()) == requests


class DeathError(Exception):
    """Return the time of a run that the test chose."""


def die(*_: object) -> None:
    """What happens then."""
    raise DeathError


@on_every_engine
def test_next_run_repairs_the_view_of_a_run_that_died(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["seats"]})
    project.table("heap_users", "select 'ana' as user_id, cast(1 as bigint) as seats")
    assert project.sync().exit_code == 0
    project.table("heap_users", "select 'ana' as user_id, 2 as seats")  # a narrower type: a table of its own
    with monkeypatch.context() as patch:
        patch.setattr(steps, "show_synced", die)
        with pytest.raises(DeathError):
            project.sync()
    assert project.sync().exit_code == 0
    assert project.state("select seats from state.heap_users__synced") == [(2,)]
    ((head,),) = project.state("select synced from state.sync_log order by entry desc limit 1")
    assert {table for table in project.state_tables() if table.startswith("synced_")} == {head}


OTHER = {"HEAP_APP_ID": "987"}


def plans(project: Project, view: str = "heap_users__synced") -> set[str]:
    """What a view shows."""
    return {plan for (plan,) in project.state(f'select "Plan" from state.{view} where "Plan" is not null')}


@pytest.fixture
def in_two_places(users: Project) -> tuple[Project, str]:
    """Three users, synced to one destination and, after a change, to another; and the name of the other's view."""
    assert users.sync().exit_code == 0
    users.sql("update heap_users set plan = 'pro'")
    assert users.sync(**OTHER).exit_code == 0
    names = "select distinct table_name from information_schema.columns where table_name like '%__synced_%'"
    ((other,),) = users.sql(names)
    return users, str(other)


@on_every_engine
def test_sync_to_another_destination_keeps_the_view_of_the_first(in_two_places: tuple[Project, str]) -> None:
    users, other = in_two_places
    assert (plans(users), plans(users, other)) == ({"team", "free"}, {"pro"})
    users.sql("update heap_users set plan = 'max'")
    assert users.sync(**OTHER).exit_code == 0
    assert (plans(users), plans(users, other)) == ({"team", "free"}, {"max"})
    assert users.sync().exit_code == 0
    assert plans(users) == {"max"}


@on_every_engine
@pytest.mark.parametrize("command", [("reset", "heap_users", "--yes"), ("rename", "heap_users", "people")])
def test_state_commands_for_one_destination_keep_the_view_of_another(
    in_two_places: tuple[Project, str], command: tuple[str, ...]
) -> None:
    users, _ = in_two_places
    if command[0] == "rename":
        users.declare("heap_users", {**USERS, "name": "people"})
    outcome = users.run("state", *command, **OTHER)
    assert outcome.exit_code == 0, outcome.stderr
    assert plans(users) == {"team", "free"}


@on_every_engine
def test_without_any_view_plan_explain_and_log_know_all_property_names(users: Project, tmp_path: Path) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    assert users.sync().exit_code == 0
    users.declare("heap_users", {**USERS, "properties": {"Plan": "plan"}, "log": True})
    assert users.sync().exit_code == 0
    keys = tmp_path / "keys"
    keys.write_text("ana")
    commands = [("plan", "--output", "json"), ("explain", "--key-file", str(keys), "--output", "json")]

    def shown() -> list[Any]:
        found = [users.run(*command).json() for command in commands]
        return [{**each, "manifest_age_seconds": None} for (each,) in found]

    before = shown()
    assert before[0]["dropped_properties"] == ["Seats"]
    for view in ("heap_users__synced", "runs", "rejects"):
        users.state(f"drop view state.{view}")
    assert shown() == before
    users.sql("update heap_users set plan = 'pro'")
    assert users.sync().exit_code == 0
    logged = users.state("select distinct property from state.heap_users__log order by property")
    assert logged == [("Plan",), ("Seats",)]
    assert "Seats" in users.run("plan").stdout
