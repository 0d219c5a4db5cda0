"""How many statements a sync costs, as the warehouse's bill would count them."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.adapters.sql import SQLConnectionManager

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import on_every_engine

pytestmark = on_every_engine

A_SYNC, AN_INVOCATION = 6, 2
NOT_COUNTED = ("begin", "commit", "set ")  # neither reads nor writes anything


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the warehouse is asked, noted on the way to the driver."""
    asked: list[str] = []
    add_query = SQLConnectionManager.add_query

    def noting(manager: SQLConnectionManager, sql: str, *arguments: Any, **options: Any) -> Any:
        if not sql.strip().lower().startswith(NOT_COUNTED):
            asked.append(sql)
        return add_query(manager, sql, *arguments, **options)

    monkeypatch.setattr(SQLConnectionManager, "add_query", noting)
    return asked


@pytest.fixture
def shop(project: Project) -> Project:
    """Three syncs of three batches each."""
    rows = "select 'u' || i as user_id, i as seats from generate_series(1, 2500) as t(i)"
    users = {"type": "user_properties", "identity": "user_id", "properties": ["seats"]}
    accounts = {"type": "account_properties", "account_id": "user_id", "properties": ["seats"]}
    events = {"type": "events", "identity": "user_id", "unique_key": "user_id", "event_name": "Order"}
    for name, block in {"heap_users": users, "heap_accounts": accounts, "heap_orders": events}.items():
        project.table(name, rows)
        project.declare(name, block)
    assert project.sync().exit_code == 0
    return project


def test_syncs_without_changes_cost_six_statements_each_and_two_together(shop: Project, statements: list[str]) -> None:
    statements.clear()
    assert shop.sync().exit_code == 0
    assert len(statements) <= 3 * A_SYNC + AN_INVOCATION, statements


def test_a_sync_without_changes_leaves_nothing_but_its_row_in_the_log(shop: Project) -> None:
    def tables() -> list[tuple[Any, ...]]:
        where = f"where table_schema = '{shop.state_schema}'"
        return sorted(shop.sql(f"select table_name from information_schema.tables {where}"))

    before, entries = tables(), shop.state("select count(*) from state.sync_log")[0][0]
    assert shop.sync().exit_code == 0
    assert (tables(), shop.state("select count(*) from state.sync_log")[0][0]) == (before, entries + 3)


def test_verdicts_are_written_in_groups_and_never_a_statement_a_row(
    shop: Project, heap: Sandbox, statements: list[str]
) -> None:
    heap.refuse(*(f"u{number}" for number in range(1, 51)))
    shop.sql("update heap_users set seats = seats + 1")
    statements.clear()
    assert shop.sync().exit_code == 1
    assert sum("insert into" in sql and "acked_" in sql.split("select")[0] for sql in statements) <= 3
    assert len(statements) <= 3 * A_SYNC + AN_INVOCATION + 25, statements
