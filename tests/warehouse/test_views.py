"""What people build on `<sync>__synced` stays, and stops no sync."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import USERS

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@pytest.fixture
def built_upon(users: Project) -> Project:
    """Three users, synced; somebody reads the view, and somebody has a view of their own over it."""
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


def test_a_sync_with_changes_leaves_grants_and_dependent_views_alone(built_upon: Project) -> None:
    built_upon.sql("update heap_users set plan = 'pro'")
    assert built_upon.sync().exit_code == 0
    assert grants(built_upon) == [("SELECT",)]
    assert set(built_upon.sql("select * from plans")) == {("pro",)}


def test_a_view_that_cannot_be_replaced_is_a_note_and_the_sync_goes_on(built_upon: Project, heap: Sandbox) -> None:
    built_upon.declare("heap_users", {**USERS, "properties": {"Plan": "plan", "Seats": "seats", "Tariff": "plan"}})
    outcome = built_upon.sync()
    assert outcome.exit_code == 0
    assert "its view shows an older state" in outcome.stderr
    requests = len(heap.requests())
    assert built_upon.sync().exit_code == 0
    assert len(heap.requests()) == requests
