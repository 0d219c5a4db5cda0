"""`state rename` and `state reset` where something was cut short before."""

from __future__ import annotations

import pytest

from dbt_heap.errors import WarehouseError
from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.session import SyncSession
from dbt_heap.state.store import StateStore
from tests.project import Project
from tests.warehouse.users import USERS
from tests.warehouses import on_every_warehouse

pytestmark = on_every_warehouse


@pytest.fixture
def people(users: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three users, synced as `heap_users`; `state rename` to `people` was cut short between its two entries."""
    assert users.sync().exit_code == 0
    users.declare("heap_users", {**USERS, "name": "people"})
    append, written = StateStore.append, list[str]()

    def once(state: StateStore, *arguments: object) -> None:
        if written:
            raise WarehouseError("the warehouse is gone")
        append(state, *arguments)  # type: ignore[arg-type]
        written.append("entry")

    with monkeypatch.context() as patch:
        patch.setattr(StateStore, "append", once)
        assert users.run("state", "rename", "heap_users", "people").exit_code == 2
    return users


def test_interrupted_rename_is_finished_by_the_same_command(people: Project, heap: Sandbox) -> None:
    heap.reset()
    assert people.run("state", "rename", "heap_users", "people").exit_code == 0
    assert people.sync().exit_code == 0
    assert heap.requests() == []


def test_reset_leaves_the_state_that_another_name_still_has(people: Project, heap: Sandbox) -> None:
    heap.reset()
    assert people.run("state", "reset", "people", "--yes").exit_code == 0
    assert people.run("state", "rename", "heap_users", "people").exit_code == 0
    assert people.sync().exit_code == 0
    assert heap.requests() == []


def test_run_whose_tables_are_missing_can_be_reset(
    users: Project, heap: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> None:
        raise WarehouseError("the warehouse is gone")

    with monkeypatch.context() as patch:
        patch.setattr(SyncSession, "close", cut)
        assert users.sync().exit_code == 2
    for table in users.state_tables():
        if table.startswith("outbox"):
            users.state(f"drop table state.{table}")
    outcome = users.sync()
    assert outcome.exit_code == 2
    assert "dbt-heap state reset heap_users" in outcome.stderr
    assert users.run("state", "reset", "heap_users", "--yes").exit_code == 0
    assert users.sync().exit_code == 0
    assert len(heap.users()) == 3


def test_disabled_sync_is_not_reported_as_undeclared(users: Project) -> None:
    assert users.sync().exit_code == 0
    users.declare("heap_users", [{**USERS, "name": "heap_users", "enabled": False}, {**USERS, "name": "others"}])
    outcome = users.sync()
    assert outcome.exit_code == 0, outcome.stderr
