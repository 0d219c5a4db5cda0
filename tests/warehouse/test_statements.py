"""Count the statements of a sync, as the warehouse's bill does."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from dbt.adapters.sql.connections import SQLConnectionManager

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouses import on_every_warehouse, on_most_warehouses

A_SYNC, AN_INVOCATION = 6, 2
SPARKS_INVOCATION = 5  # Spark lists its catalog schema by schema
COMMENT = re.compile(r"/\* (\{.*\}) \*/")
NOT_COUNTED = ("begin", "commit", "set ", "alter session")  # these neither read nor write


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every statement on its way to the driver."""
    statements: list[str] = []
    add_query = SQLConnectionManager.add_query

    def noting(manager: SQLConnectionManager, sql: str, *arguments: Any, **options: Any) -> Any:
        statements.append(sql)
        return add_query(manager, sql, *arguments, **options)

    monkeypatch.setattr(SQLConnectionManager, "add_query", noting)
    return statements


def counted(statements: list[str]) -> list[str]:
    """Return the statements that read or write."""
    return [sql for sql in statements if not bare(sql).startswith(NOT_COUNTED)]


def shared(shop: Project) -> int:
    """Return how many statements the syncs of an invocation share."""
    return SPARKS_INVOCATION if shop.engine.adapter_type == "spark" else AN_INVOCATION


def bare(sql: str) -> str:
    """Return a statement in lower case, without its comment."""
    return COMMENT.sub("", sql).strip().lower()


@pytest.fixture
def shop(project: Project) -> Project:
    """Declare three syncs of three batches each, and sync them."""
    values = ", ".join(f"('u{number}', {number})" for number in range(1, 2_501))
    rows = f"select * from (values {values}) as t(user_id, seats)"
    users = {"type": "user_properties", "identity": "user_id", "properties": ["seats"]}
    accounts = {"type": "account_properties", "account_id": "user_id", "properties": ["seats"]}
    events = {"type": "events", "identity": "user_id", "unique_key": "user_id", "event_name": "Order"}
    for name, block in {"heap_users": users, "heap_accounts": accounts, "heap_orders": events}.items():
        project.table(name, rows)
        project.declare(name, block)
    assert project.sync().exit_code == 0
    return project


@on_every_warehouse
def test_unchanged_syncs_cost_six_statements_each_and_two_together(shop: Project, statements: list[str]) -> None:
    statements.clear()
    assert shop.sync().exit_code == 0
    assert len(counted(statements)) <= 3 * A_SYNC + shared(shop), counted(statements)


@on_most_warehouses
def test_unchanged_sync_leaves_only_a_row_in_the_log(shop: Project) -> None:
    before, entries = shop.state_tables(), shop.state("select count(*) from state.sync_log")[0][0]
    assert shop.sync().exit_code == 0
    assert (shop.state_tables(), shop.state("select count(*) from state.sync_log")[0][0]) == (before, entries + 3)


@on_most_warehouses
def test_verdicts_are_written_in_groups_not_row_by_row(shop: Project, heap: Sandbox, statements: list[str]) -> None:
    heap.refuse(*(f"u{number}" for number in range(1, 51)))
    shop.sql("update heap_users set seats = seats + 1")
    statements.clear()
    assert shop.sync().exit_code == 1
    assert sum("insert into" in sql and "acked_" in sql.split("select")[0] for sql in counted(statements)) <= 3
    assert len(counted(statements)) <= 3 * A_SYNC + shared(shop) + 25, counted(statements)


@on_every_warehouse
def test_every_statement_has_a_comment_with_its_sync_and_run(shop: Project, statements: list[str]) -> None:
    statements.clear()
    assert shop.sync().exit_code == 0
    said = [json.loads(COMMENT.findall(sql)[0]) for sql in counted(statements)]
    assert {each["app"] for each in said} == {"dbt-heap"}
    assert {each["target_name"] for each in said} == {"dev"}
    run_id = json.loads((shop.folder / "target" / "heap_results.json").read_bytes())["run_id"]
    about = Counter((each.get("sync"), each.get("run_id")) for each in said)
    assert {named for named in about if named != (None, None)} == {(name, run_id) for name in shop.results()}
    assert about[None, None] <= shared(shop)


@on_most_warehouses
def test_statements_of_a_plan_have_it_too(shop: Project, statements: list[str]) -> None:
    statements.clear()
    assert shop.run("plan").exit_code == 0
    said = {json.loads(COMMENT.findall(sql)[0]).get("sync") for sql in counted(statements)}
    assert said == {None, "heap_users", "heap_accounts", "heap_orders"}


@on_most_warehouses
def test_projects_query_comment_places_or_disables_comments(shop: Project, statements: list[str]) -> None:
    shop.settings["query-comment"] = {"comment": "mine", "append": True}
    statements.clear()
    assert shop.sync().exit_code == 0
    assert all(sql.rstrip().endswith("*/") for sql in counted(statements))
    shop.settings["query-comment"] = ""
    statements.clear()
    assert shop.sync().exit_code == 0
    assert not any("/*" in sql for sql in counted(statements))


@on_every_warehouse
def test_no_statement_shares_a_transaction_with_another(shop: Project, statements: list[str]) -> None:
    # Snowflake commits what precedes a `create`, and the server in these tests rolls it back. A step of two statements
    # would be atomic here and not there. https://docs.snowflake.com/en/sql-reference/transactions
    shop.sql("update heap_users set seats = seats + 1")
    statements.clear()
    assert shop.sync().exit_code == 0
    said = [bare(sql) for sql in statements if not bare(sql).startswith(("begin", "set ", "alter session"))]
    if shop.engine.adapter_type in ("snowflake", "spark"):
        assert not {"begin", "commit"} & {bare(sql) for sql in statements}
    else:
        assert all((this == "commit") != (following == "commit") for this, following in pairwise(said)), said
