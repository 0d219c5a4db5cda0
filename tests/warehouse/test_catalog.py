"""What kinds of relations can be synced, and what is said of one that cannot be read."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.warehouse.connection import Warehouse
from tests.project import Project
from tests.warehouse.test_postgres_values import NULLS, SENT
from tests.warehouse.users import held
from tests.warehouses import DIALECTS, ENGINES, Postgres, on_each

USERS = {"type": "user_properties", "identity": "user_id", "properties": ["plan"]}
EVENTS = {
    "type": "events",
    "identity": "user_id",
    "unique_key": "user_id",
    "event_name": "Seen",
    "properties": ["plan"],
}
ROW = "select 'ana' as user_id, 'team' as plan"

on_postgres = pytest.mark.parametrize("engine", ["postgres"], indirect=True)

KINDS = {
    "materialized_view": f"create materialized view materialized_view as {ROW}",
    "plain_view": f"create view plain_view as {ROW}",
    "partitioned": "create table partitioned (user_id text, plan text) partition by list (plan);"
    f"create table team partition of partitioned for values in ('team'); insert into partitioned {ROW}",
    "inherited": f"create table base as {ROW}; create table inherited () inherits (base); insert into inherited {ROW}",
    "own_types": "create type plans as enum ('team'); create domain names as text check (value <> '');"
    "create table own_types (user_id names, plan plans); insert into own_types values ('ana', 'team')",
}


@on_postgres
def test_every_kind_of_relation_is_synced(project: Project, heap: Sandbox) -> None:
    for name, statements in KINDS.items():
        project.sql(statements)
        project.declare(name, {**USERS, "properties": {name: "plan"}})
    outcome = project.sync()
    assert outcome.exit_code == 0, outcome.stderr
    assert held(heap) == {"ana": dict.fromkeys(KINDS, "team")}


@on_postgres
def test_foreign_table_is_checked_by_its_columns(project: Project) -> None:
    project.sql("create foreign data wrapper w; create server s foreign data wrapper w")
    project.sql("create foreign table m (user_id text, plan text) server s")
    project.declare("m", USERS)
    assert project.run("check").exit_code == 0


@on_postgres
def test_materialized_view_is_drafted_adopted_and_looks_the_same_after_a_rebuild(
    project: Project, heap: Sandbox
) -> None:
    project.sql(f"create materialized view m as {ROW}, 1.50::numeric(5, 2) as paid, timestamp(3) '2026-03-01' as seen")
    project.declare("m", {**USERS, "properties": ["plan", "paid", "seen"]})
    assert "identity: user_id" in project.run("generate", "m").stdout
    assert project.run("state", "adopt", "m", "--from-relation", "public.m").exit_code == 0
    assert project.sync().exit_code == 0
    project.sql("create table n as select * from m; drop materialized view m; alter table n rename to m")
    assert project.sync().exit_code == 0
    assert heap.requests() == []


@on_postgres
def test_types_are_written_as_information_schema_writes_them(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.sql("create type plans as enum ('team'); create type pair as (a int, b text);")
    project.sql("create domain names as varchar(20); create domain prices as numeric(8, 3)")
    project.sql("create domain tags as text[]; create domain days as timestamp(2); create domain inner_names as names")
    cases = [*(case.sql for case in SENT), *(f"null::{name}" for name in NULLS)]
    more = "plans", "pair", "names", "prices", "tags", "days", "inner_names", "plans[]", "pair[]"
    cases += [f"null::{name}" for name in (*more, "interval(3)", "interval day to second(2)", "timetz(1)", "time(0)")]
    cases += [f"null::{name}" for name in ("numeric(30)", "oid", "xml", "point", "bit(3)", "int2vector", '"char"')]
    project.table("m", "select " + ", ".join(f"{sql} as c{number}" for number, sql in enumerate(cases)))
    older = """
        select column_name, coalesce(
            case when data_type = 'numeric' then 'numeric(' || numeric_precision || ',' || numeric_scale || ')' end,
            data_type || '(' || datetime_precision || ')', data_type)
        from information_schema.columns where table_name = 'm' order by ordinal_position
    """
    project.declare("m", {**USERS, "identity": "c0", "properties": ["c1"]})
    read: list[tuple[str, str]] = []
    fetch = Warehouse.fetch

    def noting(warehouse: Warehouse, macro: str, **arguments: Any) -> list[tuple[Any, ...]]:
        rows = fetch(warehouse, macro, **arguments)
        read.extend((row[3], row[4]) for row in rows if macro == "catalog")
        return rows

    monkeypatch.setattr(Warehouse, "fetch", noting)
    assert project.run("check").exit_code == 0
    assert read == project.sql(older) and len(read) == len(cases)


@pytest.fixture
def reader(project: Project) -> Project:
    """Three models in the schema `shop`, of which the profile's role `reader` may see nothing yet."""
    assert isinstance(project.engine, Postgres)
    role = f"reader_{project.engine.database}"  # roles are the server's, not the database's
    project.state_schema = "shop_dbt_heap"
    for name in ("a", "b", "c"):
        project.table(name, ROW, schema="shop")
        project.declare(name, {**(USERS if name == "a" else EVENTS), "name": f"sync_{name}"}, schema="shop")
    project.sql(f"create role {role} login; create schema shop_dbt_heap authorization {role}")
    project.profile(user=role, schema="shop")
    return project


MISSING = {
    "nothing": ("", "the role reader may not use the schema shop, which holds {a}, {b} and {c}.", 1),
    "usage": ("grant usage on schema shop to reader", "the role reader may not read {a}, {b} and {c}.", 1),
    "writing": (
        "grant usage on schema shop to reader; grant insert on all tables in schema shop to reader;"
        "grant select on shop.a to reader",
        "the role reader may not read {b} and {c}.",
        1,
    ),
    "one column": (
        "grant usage on schema shop to reader; grant select on shop.a to reader;"
        "grant select (user_id) on shop.c to reader",
        "the role reader may not read the column plan of {c}.",
        2,
    ),
}


@on_postgres
@pytest.mark.parametrize("granted", MISSING)
def test_missing_grant_is_reported_once_with_the_grant_that_fixes_it(
    reader: Project, heap: Sandbox, granted: str
) -> None:
    role, database = reader.engine.output["user"], reader.engine.database
    statements, said, problems = MISSING[granted]
    if statements:
        reader.sql(statements.replace("reader", role))
    outcome = reader.run("check")
    assert outcome.exit_code == 2
    assert reader.run("plan").stderr.count("Ask an owner to run") == problems
    said = said.format(**{name: f"{database}.shop.{name}" for name in "abc"}).replace("reader", role)
    assert said in outcome.stderr and "not in the warehouse" not in outcome.stderr
    assert outcome.stderr.count("Ask an owner to run") == problems
    synced = reader.sync()
    assert synced.exit_code == (1 if heap.requests() else 2) and said in synced.stderr
    assert synced.stderr.count("Ask an owner to run") == problems
    for grants in re.findall(r"Ask an owner to run: (.*)", outcome.stderr):
        reader.sql(grants)
    assert reader.run("check").exit_code == 0
    assert reader.sync().exit_code == 0


@on_postgres
def test_view_of_another_owner_needs_only_its_own_grant(reader: Project, heap: Sandbox) -> None:
    role = reader.engine.output["user"]
    reader.sql("create schema hidden; create table hidden.base as select 'ana' as user_id, 'team' as plan")
    reader.nodes = {name: node for name, node in reader.nodes.items() if name.endswith(".a")}
    reader.sql("drop table shop.a; create view shop.a as select * from hidden.base")
    reader.sql(f"grant usage on schema shop to {role}; grant select on all tables in schema shop to {role}")
    assert reader.sync().exit_code == 0
    reader.sql("create or replace view shop.a with (security_invoker) as select * from hidden.base")
    outcome = reader.sync("--resync")
    assert outcome.exit_code == 2
    assert f"the role {role} may not read" in outcome.stderr and "permission denied for table base" in outcome.stderr


@on_each
@pytest.mark.parametrize("engine", DIALECTS, indirect=True)
def test_unbuilt_models_are_reported_once_with_the_command_to_build_them(project: Project, heap: Sandbox) -> None:
    for name in ("here", "a", "b"):
        project.declare(name, {**EVENTS, "properties": []})
    project.declare("rates", {**EVENTS, "properties": []}, resource_type="seed")
    project.table("here", ROW)
    outcome = project.run("check")
    assert outcome.exit_code == 2
    assert "Run `dbt build --select a b rates`" in outcome.stderr
    assert outcome.stderr.count("not in the warehouse") == 1
    synced = project.sync()
    assert synced.exit_code == 1
    assert "a, b, rates: " in synced.stderr and synced.stderr.count("not in the warehouse") == 1
    assert project.results()["here"]["accepted"] == 1


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
@pytest.mark.parametrize(
    ("node", "said"),
    [
        ({}, "{database}.{schema}.m is not in the warehouse. Run `dbt run --select m`"),
        (
            {"schema": "pr_8"},
            "{database}.pr_8.m is not in the warehouse: the schema {database}.pr_8 does not exist. Run `dbt run",
        ),
        ({"resource_type": "snapshot"}, "Run `dbt snapshot --select m`"),
        ({"resource_type": "source"}, "is not in the warehouse. dbt does not build sources: load it, or correct"),
        (
            {"database": "elsewhere", "relation_name": '"elsewhere"."s"."m"', "schema": "s"},
            "the profile connects to {database}, and cannot reach the database elsewhere, which holds elsewhere.s.m.",
        ),
    ],
)
def test_missing_relation_is_distinguished_from_an_unbuilt_model(
    project: Project, node: dict[str, str], said: str
) -> None:
    project.table("other", ROW)
    project.declare("m", USERS, **node)
    outcome = project.run("check")
    assert outcome.exit_code == 2
    said = said.format(database=project.engine.database, schema=project.engine.default_schema)
    assert said in outcome.stderr and "may not" not in outcome.stderr


@on_each
@pytest.mark.parametrize("engine", ["snowflake"], indirect=True)  # each of its databases has an information_schema
def test_database_that_does_not_exist_stops_its_own_models_alone(project: Project, heap: Sandbox) -> None:
    project.table("here", ROW)
    project.declare("here", USERS)
    project.declare("m", EVENTS, database="elsewhere", relation_name="elsewhere.public.m")
    outcome = project.sync()
    assert outcome.exit_code == 1
    assert "elsewhere.public.m is not in the warehouse, or the role" in outcome.stderr
    assert held(heap) == {"ana": {"plan": "team"}}


def test_missing_duckdb_file_is_reported_and_not_created(project: Project) -> None:
    project.declare("m", USERS)
    file = project.folder / "elsewhere" / "warehouse.duckdb"
    project.profile(path=str(file))
    for command in ("check", "sync"):
        outcome = project.run(command)
        assert outcome.exit_code == 2
        assert f"the DuckDB file {file} does not exist" in outcome.stderr
    file.parent.mkdir()
    assert project.run("check").exit_code == 2
    assert not file.exists()
