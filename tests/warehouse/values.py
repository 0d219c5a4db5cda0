"""What a warehouse's values become on the wire: the machinery of the tables of types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project


@dataclass(frozen=True)
class Case:
    """A value in SQL, the JSON that Heap gets for a user, and for an event where that differs."""

    sql: str
    user: str
    event: str | None = None


def raw_properties(heap: Sandbox) -> dict[str, dict[str, str]]:
    """The properties of the one user and the one event that were sent, each value as the JSON text on the wire."""
    raw: dict[str, dict[str, str]] = {}
    for request in heap.requests(bodies=True):
        body = json.loads(request["body"], parse_int=Number, parse_float=Number)
        ((plural, (record,)),) = ((key, value) for key, value in body.items() if key != "app_id")
        raw[plural] = {name: as_sent(value) for name, value in record["properties"].items()}
    return raw


class Number(str):
    """A JSON number, digit by digit."""


def as_sent(value: object) -> str:
    """A value of a body as the JSON text it was."""
    if isinstance(value, Number):
        return str(value) if "e" not in value else repr(float(value))  # 1e300 is 1e+300
    return json.dumps(value, ensure_ascii=False)


def declare(project: Project, names: list[str]) -> None:
    """One user and one event, with a property for each column."""
    properties = {name: name for name in names}
    project.declare("people", {"type": "user_properties", "identity": "user_id", "properties": properties})
    project.declare(
        "things",
        {"type": "events", "identity": "user_id", "event_name": "x", "unique_key": "user_id", "properties": properties},
    )


def build(project: Project, *rows: Sequence[str]) -> None:
    """A table of people and one of things, with the values of each row in the warehouse's own SQL."""
    people = [f"'person{number}' as user_id" for number in range(len(rows))]
    selects = [
        f"select {', '.join([who, *(f'{sql} as c{number}' for number, sql in enumerate(values))])}"
        for who, values in zip(people, rows, strict=True)
    ]
    for table in ("people", "things"):
        project.engine.build(project.engine.default_schema, table, " union all ".join(selects))
    declare(project, [f"c{number}" for number in range(len(rows[0]))])


def assert_sent(project: Project, heap: Sandbox, cases: Sequence[Case]) -> None:
    """Every value reaches Heap as its case says, and once."""
    build(project, [case.sql for case in cases])
    outcome = project.sync()
    assert outcome.exit_code == 0, outcome.stderr
    raw = raw_properties(heap)
    for kind, wanted in (
        ("users", [case.user for case in cases]),
        ("events", [case.event or case.user for case in cases]),
    ):
        found = [(case.sql, raw[kind][f"c{number}"]) for number, case in enumerate(cases)]
        assert found == [(case.sql, value) for case, value in zip(cases, wanted, strict=True)], kind
    heap.reset()
    assert project.sync().exit_code == 0
    assert heap.requests() == []


def assert_rejected(project: Project, heap: Sandbox, cases: Sequence[tuple[str, str]]) -> None:
    """Check that each value rejects its row for its reason, and other rows are sent."""
    build(project, *([sql] for sql, _ in cases), ["null"])
    assert project.sync().exit_code == 1
    found = project.state("select sync, key, reason, property from state.rejects order by sync, key")
    reasons = sorted((f"person{number}", reason, "c0") for number, (_, reason) in enumerate(cases))
    assert found == [(sync, *each) for sync in ("people", "things") for each in reasons]
    assert [event["identity"] for event in heap.events()] == [f"person{len(cases)}"]


def assert_left_out(project: Project, heap: Sandbox, types: Sequence[str]) -> None:
    """A null of every type is nothing to tell."""
    build(project, ["1", *(f"cast(null as {name})" for name in types)])
    assert project.sync().exit_code == 0
    assert [user["properties"] for user in heap.users()] == [{"c0": 1}]
    assert [event["properties"] for event in heap.events()] == [{"c0": 1}]
