"""A name is a name: whatever it holds, it is sent exactly so or refused in a sentence, and runs as no SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb
import psycopg2
import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state import names
from tests.long import LONG
from tests.project import Outcome, Project
from tests.warehouses import on_every_engine

HOSTILE = {
    "SQL behind an apostrophe": "x'); drop table canary; --",
    "a backslash before an apostrophe": "x\\'); drop table canary; --",
    "SQL behind a quote": 'x"; drop table canary; --',
    "a NUL": "x\0y",
    "long beyond every warehouse's names": "x" * 300,
    "alike in the first 63 bytes": "\U0001d4b3" * 16,
    "SQL behind a backtick": "x`; drop table canary; --",
    "a backslash at the end": "x\\",
    "comment marks": "x/*y--z*/",
    "line breaks": "x\r\ny",
    "Jinja": "{{ 7 * 7 }}{% if %}{# x #}",
    "placeholders of drivers": "%s %(x)s $1 ? :x {0}",
    "a dollar quote": "$$x$$",
    "other letters": "Ünï 名前 e\u0301",
    "a terminal's orders": "x\x1b[2J\u202ey",
    "only a space": " ",
    "a keyword": "select",
    "a column of the state": "doubt",
}  # fmt: skip


@dataclass(frozen=True)
class Shop:
    """Return a project next to a table that must survive, in a warehouse where only state may be created."""

    project: Project
    heap: Sandbox

    def user(self, *, column: str = "plan", identity: str = "user_id", table: str = "heap_users") -> None:
        """One user, in a table with these columns."""
        self.project.table(table, f"select 'ana' as {quoted(identity)}, 'team' as {quoted(column)}")

    def sent(self) -> list[dict[str, Any]]:
        """What Heap holds, each with its properties; an event makes its user known, too."""
        return self.heap.events() or self.heap.users()


@pytest.fixture
def shop(project: Project, heap: Sandbox) -> Iterator[Shop]:
    project.sql("create table canary as select 'alive' as word")
    yield Shop(project, heap)
    assert project.sql("select word from canary") == [("alive",)]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def sync_name(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.declare("heap_users", users(name=name))
    return {"Plan": "team"}


def property_name(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.declare("heap_users", users(properties={name: "plan"}))
    return {name: "team"}


def properties_alike(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.declare("heap_users", users(properties={name + "a": "plan", name + "b": "plan"}))
    return {name + "a": "team", name + "b": "team"}


def property_column(shop: Shop, name: str) -> Any:
    shop.user(column=name)
    shop.project.declare("heap_users", users(properties={"Plan": name}))
    return {"Plan": "team"}


def every_column(shop: Shop, name: str) -> Any:
    shop.user(column=name)
    shop.project.declare("heap_users", users(properties="*"), columns=["user_id", name])
    return {name: "team"}


def identity_column(shop: Shop, name: str) -> Any:
    shop.user(identity=name)
    shop.project.declare("heap_users", users(identity=name))
    return {"Plan": "team"}


def columns_of_events(shop: Shop, name: str) -> Any:
    shop.project.table("heap_orders", f"select 'ana' as user_id, 'Order' as {quoted(name)}")
    block = {"type": "events", "identity": "user_id", "event_name_column": name, "unique_key": [name, "user_id"]}
    shop.project.declare("heap_orders", {**block, "properties": {"Plan": name}})
    return {"Plan": "Order"}


def event_name(shop: Shop, name: str) -> Any:
    shop.user()
    block = {"type": "events", "identity": "user_id", "event_name": name, "unique_key": "user_id"}
    shop.project.declare("heap_users", {**block, "properties": ["plan"]})
    return {"plan": "team"}


def table_name(shop: Shop, name: str) -> Any:
    relation = ".".join(map(quoted, (shop.project.engine.database, shop.project.engine.default_schema, name)))
    shop.project.sql(f"create table {relation} as select 'ana' as user_id, 'team' as plan")
    as_dbt_writes_it = f'"{shop.project.engine.database}"."{shop.project.engine.default_schema}"."{name}"'
    shop.project.declare("heap_users", users(), alias=name, relation_name=as_dbt_writes_it)
    return {"Plan": "team"}


def relation_name(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.declare("heap_users", users(), relation_name=f"heap_users) as x) as x; drop table canary; --{name}")
    return None


def state_schema(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.declare("heap_users", users())
    shop.project.vars["schema"] = name
    return {"Plan": "team"}


def environment(shop: Shop, name: str) -> Any:
    shop.user()
    shop.project.vars = {"environments": {name: {"dev": "1234567890"}}}
    shop.project.declare("heap_users", users(environment=name))
    return {"Plan": "team"}


def path_of_the_destination(shop: Shop, name: str) -> Any:
    if "\0" in name:
        raise ValueError("no environment variable holds a NUL")
    if name.isspace():
        raise ValueError("blanks around an address are no part of it")
    shop.user()
    shop.project.environment["HEAP_BASE_URL"] += f"/{name}"
    shop.project.declare("heap_users", users())
    return None  # the sandbox knows no such path


PLACES = [
    sync_name, property_name, properties_alike, property_column, every_column, identity_column, columns_of_events,
    event_name, table_name, relation_name, state_schema, environment, path_of_the_destination,
]  # fmt: skip

WORST = [
    (property_name, "a NUL"), (property_name, "a column of the state"), (property_name, "SQL behind an apostrophe"),
    (properties_alike, "alike in the first 63 bytes"), (state_schema, "long beyond every warehouse's names"),
    (property_column, "SQL behind an apostrophe"), (identity_column, "SQL behind a quote"),
    (event_name, "a backslash before an apostrophe"), (columns_of_events, "comment marks"), (environment, "Jinja"),
    (table_name, "SQL behind an apostrophe"), (relation_name, "SQL behind an apostrophe"),
]  # fmt: skip
TRIED = [(place, title) for place in PLACES for title in HOSTILE] if LONG else WORST


def users(**block: Any) -> dict[str, Any]:
    return {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}, **block}


@on_every_engine
@pytest.mark.parametrize(("place", "title"), TRIED, ids=lambda each: getattr(each, "__name__", each))
def test_hostile_name_is_sent_exactly_so_or_refused(shop: Shop, place: Callable[[Shop, str], Any], title: str) -> None:
    try:
        expected = place(shop, HOSTILE[title])
    except (duckdb.Error, psycopg2.Error, ValueError):
        pytest.skip("the warehouse itself takes no such name")
    before = relations(shop)
    outcome = shop.project.sync()
    assert_nothing_else_was_made(shop, before)
    if expected is None or outcome.exit_code == 2:
        assert_refused(outcome)
        assert shop.sent() == []
        return
    assert outcome.exit_code == 0, outcome.stderr
    assert [each["properties"] for each in shop.sent()] == [expected]
    requests = len(shop.heap.requests())
    assert shop.project.sync().exit_code == 0
    assert len(shop.heap.requests()) == requests
    assert shop.project.run("runs").exit_code == 0


def relations(shop: Shop) -> set[tuple[str, str]]:
    """Every table and view of the database."""
    own = "('information_schema', 'pg_catalog', 'pg_toast')"
    where = f"where table_schema not in {own} and table_catalog = '{shop.project.engine.database}'"
    return set(shop.project.sql(f"select table_schema, table_name from information_schema.tables {where}"))


def assert_nothing_else_was_made(shop: Shop, before: set[tuple[str, str]]) -> None:
    after = relations(shop)
    assert before <= after
    made = after - before
    assert all(names.is_ours(table) for _, table in made), made
    assert len({schema for schema, _ in made}) <= 1, made


def assert_refused(outcome: Outcome) -> None:
    """In a sentence that a terminal shows as it is."""
    assert outcome.exit_code in (1, 2)
    assert outcome.stderr.strip()
    assert "Traceback" not in outcome.stderr
    assert all(line.isprintable() for line in outcome.stderr.splitlines()), outcome.stderr


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_backslash_is_literal_even_if_the_server_is_set_otherwise(shop: Shop) -> None:
    shop.project.sql(f"alter database {shop.project.engine.database} set standard_conforming_strings = off")
    expected = property_name(shop, "x\\'); drop table canary; --")
    assert shop.project.sync().exit_code == 0
    assert [each["properties"] for each in shop.sent()] == [expected]
