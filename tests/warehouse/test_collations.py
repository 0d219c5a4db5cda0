"""Text compares by its bytes, whatever collation a column, a database or a session has."""

from __future__ import annotations

from typing import NamedTuple

import psycopg2
import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.deletions import deleting
from tests.warehouse.users import held, sent

# https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC
NONDETERMINISTIC = "create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"


class Collated(NamedTuple):
    """A collation and two texts that it considers equal."""

    engine: str
    column: str = ""  # what follows a text in a model's select
    session: str = ""  # DuckDB's `default_collation`
    one: str = "Ana"
    other: str = "ANA"
    made_by: str = ""  # a statement before the first use

    def prepare(self, project: Project) -> None:
        """Create what the columns need, and sets what the session has."""
        if self.session:
            project.profile(settings={"default_collation": self.session})
        if self.made_by:
            try:
                project.sql(self.made_by)
            except psycopg2.errors.FeatureNotSupported as refusal:
                pytest.skip(str(refusal))  # a server that was built without ICU, or comes without extensions

    def rows(self, project: Project, name: str, columns: tuple[str, ...], *rows: tuple[str, ...]) -> None:
        """Build a model of text columns."""
        values = ", ".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in rows)
        collated = ", ".join(f"{column}{self.column} as {column}" for column in columns)
        project.engine.build(
            project.engine.default_schema, name, f"select {collated} from (values {values}) as t({', '.join(columns)})"
        )


NOCASE = Collated("duckdb", " collate nocase")
SESSION = Collated("duckdb", session="nocase")
POSIX = Collated("postgres", ' collate "POSIX"')  # clashes with every other, where none is named
CI = Collated("postgres", " collate ci", made_by=NONDETERMINISTIC)
COLLATED = {
    "nocase": NOCASE,
    "nocase.noaccent": Collated("duckdb", " collate nocase.noaccent", one="Café", other="CAFE"),
    "nfc": Collated("duckdb", " collate nfc", one="caf\u00e9", other="cafe\u0301"),
    "default_collation": SESSION,
    "default_collation of a chain": Collated("duckdb", session="de.nocase"),
    "posix": POSIX,
    "nondeterministic": CI,
    "citext": Collated("postgres", "::citext", made_by="create extension citext"),
}
USERS = {"type": "user_properties", "identity": "user_id", "max_rows": 100, "properties": {"Plan": "plan"}}
EVENTS = {"type": "events", "identity": "user_id", "event_name_column": "name", "unique_key": ["order_id", "user_id"]}


def collated(*ways: Collated, names: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    """Parametrize a test by where a collation is."""
    return pytest.mark.parametrize(
        ("engine", "way"), [(way.engine, way) for way in ways], ids=names or None, indirect=["engine"]
    )


@collated(*COLLATED.values(), names=tuple(COLLATED))
def test_texts_that_a_collation_takes_for_one_are_two(project: Project, heap: Sandbox, way: Collated) -> None:
    way.prepare(project)
    one, other = way.one, way.other
    way.rows(project, "heap_users", ("user_id", "plan"), (one, one), (other, other))
    way.rows(project, "heap_orders", ("order_id", "user_id", "name"), (one, one, one))
    project.declare("heap_users", USERS)
    project.declare("heap_orders", EVENTS)
    assert project.sync().exit_code == 0
    assert held(heap) == {one: {"Plan": one}, other: {"Plan": other}}
    way.rows(project, "heap_users", ("user_id", "plan"), (one, other), (other, other))
    way.rows(
        project, "heap_orders", ("order_id", "user_id", "name"), (one, one, one), (other, one, one), (other, other, one)
    )
    heap.reset()
    assert project.sync().exit_code == 0
    assert held(heap) == {one: {"Plan": other}, other: {}}
    assert sorted(event["identity"] for event in heap.events()) == sorted([one, other])
    assert project.run("plan", "--check").exit_code == 0
    assert project.state("select count(*) from state.heap_users__synced") == [(2,)]


@collated(NOCASE, SESSION, POSIX)
def test_collation_changes_nothing_in_rejects_explain_and_forget(
    project: Project, heap: Sandbox, way: Collated
) -> None:
    way.prepare(project)
    people = [("Ana", "Ana"), ("ANA", "ANA"), ("bob", "x"), ("bob", "y"), ("Bob", "x"), ("UNKNOWN", "x")]
    way.rows(project, "heap_users", ("user_id", "plan"), *people)
    way.rows(project, "heap_orders", ("order_id", "user_id", "name"), ("a", "Ana", "Paid"), ("A", "ANA", "Paid"))
    project.declare("heap_users", USERS)
    project.declare("heap_orders", EVENTS)
    heap.refuse("Bob")
    assert project.sync().exit_code == 1
    rejects = {(key, reason) for key, reason in project.state("select key, reason from state.rejects")}
    assert rejects == {("bob", "duplicate_key"), ("UNKNOWN", "placeholder_identity"), ("Bob", "refused_by_heap")}
    heap.reset()
    project.sync()
    assert (heap.requests(), project.results()["heap_users"]["still_rejected"]) == ([], 4)
    keys = project.folder / "keys.txt"
    keys.write_text("Bob\n")
    explained = project.run("explain", "--key-file", str(keys), "--output", "json")
    [of_users, _] = explained.json()
    assert [(each["key"], each["reason"]) for each in of_users["keys"]] == [("Bob", "refused_by_heap")]
    keys.write_text("ANA\n")
    assert project.run("state", "forget", "--key-file", str(keys)).exit_code == 0
    heap.reset()
    way.rows(project, "heap_users", ("user_id", "plan"), ("Ana", "new"), ("ANA", "new"))
    project.sync()
    assert sent(heap) == [{"identity": "Ana", "properties": {"Plan": "new"}}]
    keep = project.state("select key from state.heap_users__synced order by key")
    assert keep == [("Ana",)]


@collated(NOCASE, SESSION, POSIX)
def test_collation_does_not_delete_or_adopt_anyone_else(project: Project, heap: Sandbox, way: Collated) -> None:
    way.prepare(project)
    way.rows(project, "heap_users", ("user_id", "plan"), ("Ana", "Free"), ("ANA", "Free"), ("Bob", "Free"))
    way.rows(project, "in_heap", ("user_id", "plan"), ("Ana", "FREE"), ("ANA", "Free"), ("BOB", "Free"))
    project.declare("heap_users", USERS)
    relation = f"{project.engine.default_schema}.in_heap"
    assert project.run("state", "adopt", "heap_users", "--from-relation", relation).exit_code == 0
    assert project.sync().exit_code == 0
    assert held(heap) == {"Ana": {"Plan": "Free"}, "Bob": {"Plan": "Free"}}
    way.rows(project, "gone", ("user_id",), ("ANA",), ("Bob",), ("bob",))
    project.declare("gone", {"type": "user_deletions", "identity": "user_id"})
    assert deleting(project).exit_code == 0
    heap.reset()
    way.rows(project, "heap_users", ("user_id", "plan"), ("Ana", "Team"), ("ANA", "Team"), ("Bob", "Team"))
    project.sync()
    assert [user["identity"] for user in sent(heap)] == ["Ana"]


@collated(NOCASE, POSIX)
def test_state_that_inherited_a_collation_is_compared_by_bytes(project: Project, heap: Sandbox, way: Collated) -> None:
    way.prepare(project)
    way.rows(project, "heap_users", ("user_id", "plan", "city"), ("Ana", "Team", "x"), ("Bob", "Team", "x"))
    way.rows(project, "heap_orders", ("order_id", "user_id", "name"), ("a", "Ana", "Paid"))
    project.declare("heap_users", USERS)
    project.declare("heap_orders", EVENTS)
    assert project.sync().exit_code == 0
    inherit(project, way)
    heap.reset()
    assert project.sync().exit_code == 0
    assert heap.requests() == []
    way.rows(project, "heap_users", ("user_id", "plan", "city"), ("Ana", "TEAM", "x"), ("BOB", "Team", "x"))
    way.rows(project, "heap_orders", ("order_id", "user_id", "name"), ("A", "Ana", "Paid"))
    assert project.sync().exit_code == 0
    assert held(heap) == {"Ana": {"Plan": "TEAM"}, "BOB": {"Plan": "Team"}}
    assert len(heap.events()) == 1
    heap.reset()
    project.declare("heap_users", {**USERS, "properties": {"Plan": "plan", "City": "city"}})
    assert project.sync().exit_code == 0
    assert held(heap) == {"Ana": {"City": "x"}, "BOB": {"City": "x"}}
    assert project.run("plan", "--check").exit_code == 0


def inherit(project: Project, way: Collated) -> None:
    """Return the text columns of the state's own tables the collation of the model's columns."""
    text = "text" if way.engine == "postgres" else "varchar"
    columns = project.sql(
        f"select table_name, column_name from information_schema.columns where table_schema = '{project.state_schema}' "
        "and data_type in ('text', 'VARCHAR') and table_name like 'synced%'"
    )
    assert columns
    for view in ("heap_users__synced", "heap_orders__synced"):
        project.state(f"drop view state.{view}")
    for table, column in columns:
        project.state(f'alter table state."{table}" alter column "{column}" set data type {text} {way.column}')
