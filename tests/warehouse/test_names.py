"""Columns and relations with all kinds of names, in each warehouse's case and quoting."""

from __future__ import annotations

import duckdb
import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import held, sent
from tests.warehouses import DIALECTS, on_each, on_every_warehouse

COLUMNS = ["lower", "UPPER", "Mixed", "with spaces", "select", "größe", "名前", "dash-ed", "1st", "per%cent"]


def select(*values: int, columns: list[str] = COLUMNS) -> str:
    """One user with a number in each column."""
    return ", ".join(
        ["select 'ana' as \"user_id\"", *(f'{value} as "{name}"' for name, value in zip(columns, values, strict=True))]
    )


@on_every_warehouse
def test_columns_may_have_any_name(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", select(*range(10)))
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": COLUMNS})
    assert project.sync().exit_code == 0
    assert held(heap) == {"ana": dict(zip(COLUMNS, range(10), strict=True))}
    heap.reset()
    project.table("heap_users", select(0, 1, 2, 3, 40, 50, 6, 7, 8, 9))
    assert project.sync().exit_code == 0
    assert [record["properties"] for record in sent(heap)] == [{"select": 40, "größe": 50}]


on_postgres = pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # it tells names apart by their case


@on_postgres
def test_columns_that_differ_in_case_alone_are_two(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", select(1, 2, columns=["plan", "PLAN"]))
    properties = {"lower": "plan", "upper": "PLAN"}
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": properties})
    assert project.sync().exit_code == 0
    assert held(heap) == {"ana": {"lower": 1, "upper": 2}}


@on_postgres
def test_column_name_that_matches_two_columns_is_an_error(project: Project, heap: Sandbox) -> None:
    project.table("heap_users", select(1, 2, columns=["plan", "PLAN"]))
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["Plan"]})
    outcome = project.sync()
    assert outcome.exit_code == 2
    assert "Plan" in outcome.stderr and "plan" in outcome.stderr and "PLAN" in outcome.stderr
    assert heap.requests() == []


@pytest.mark.parametrize("engine", DIALECTS, indirect=True)  # Spark's are of letters, digits and underscores
def test_relation_may_have_any_name(project: Project, heap: Sandbox) -> None:
    schema, table = "Mixed schema", "select Ünï"
    project.sql(f'create schema "{schema}"')
    project.sql(f'create table "{schema}"."{table}" as select \'ana\' as user_id, 1 as seats')
    name = f'"{schema}"."{table}"'
    project.declare(
        "heap_users",
        {"type": "user_properties", "identity": "user_id", "properties": ["seats"]},
        schema=schema, alias=table, relation_name=f'"{project.engine.database.upper()}".{name}'
        if project.engine.adapter_type == "snowflake" else name,
    )  # fmt: skip
    assert project.sync().exit_code == 0
    assert held(heap) == {"ana": {"seats": 1}}


def test_model_may_be_in_an_attached_database(project: Project, heap: Sandbox) -> None:
    file = project.folder / "other.duckdb"
    with duckdb.connect(str(file)) as other:
        other.execute("create schema sales; create table sales.heap_users as select 'ana' as user_id, 7 as seats")
    project.profile(attach=[{"path": str(file), "alias": "other"}])
    project.table("heap_users", "select 'bob' as user_id, 1 as seats", schema="sales")  # of the same name
    declare_elsewhere(project, database="other", relation_name='"other"."sales"."heap_users"')
    assert project.sync().exit_code == 0
    assert held(heap) == {"ana": {"seats": 7}}
    assert project.state_tables() > {"sync_log", "heap_users__synced"}


@on_each
@pytest.mark.parametrize("engine", ["snowflake"], indirect=True)
def test_model_may_be_in_another_database(project: Project, heap: Sandbox) -> None:
    other = f"{project.engine.database}_other"
    project.sql(f"create database {other}")
    project.sql(f"create schema {other}.sales")
    project.sql(f"create table {other}.sales.heap_users as select 'ana' as user_id, 7 as seats")
    declare_elsewhere(project, database=other, relation_name=f"{other}.sales.heap_users")
    assert project.sync().exit_code == 0
    assert held(heap) == {"ana": {"seats": 7}}


def declare_elsewhere(project: Project, **where: str) -> None:
    """Users with their seats, in the schema `sales` of a database."""
    users = {"type": "user_properties", "identity": "user_id", "properties": ["seats"]}
    project.declare("heap_users", users, schema="sales", **where)
