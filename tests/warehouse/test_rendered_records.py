"""The records that DuckDB writes are those that Python writes, which `show` always asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import duckdb
import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.test_duckdb_values import SENT
from tests.warehouse.values import Case, Number, as_sent, assert_sent

LETTERS = [
    "a",
    "é",
    "\n",
    "\t",
    '"',
    "\\",
    "/",
    "\x01",
    "\x7f",
    "\x85",
    "\u2028",
    "🙂",
    "e\u0301",
    ",\n",
    ",\t",
    "</",
    "\0",
]
DAY_ONE = datetime(1, 1, 1)


def text(chance: Random) -> str:
    """Of any letters, some of it longer than Heap takes."""
    return "".join(chance.choices(LETTERS, k=chance.choice([0, 1, 5, 40, 1_022, 1_023, 1_024, 3_000])))


VALUES: dict[str, Callable[[Random], object]] = {
    "boolean": lambda chance: chance.random() < 0.5,
    "bigint": lambda chance: chance.randint(-(2**63), 2**63 - 1),
    "hugeint": lambda chance: chance.randint(-(2**126), 2**126),
    "decimal(20, 6)": lambda chance: f"{chance.randint(-(10**13), 10**13)}.{chance.randint(0, 10**6 - 1):06}",
    "decimal(3, 3)": lambda chance: f"0.{chance.randint(0, 999):03}",
    "float8": lambda chance: chance.uniform(-1, 1) * 10 ** chance.randint(-300, 300),
    "float4": lambda chance: chance.uniform(-1, 1) * 10 ** chance.randint(-30, 30),
    "varchar": text,
    "date": lambda chance: (DAY_ONE + timedelta(days=chance.randint(0, 3_652_058))).date(),
    "timestamp": lambda chance: DAY_ONE + timedelta(chance.randint(0, 3_652_000), microseconds=chance.randint(0, 3)),
    "timestamptz": lambda chance: f"{1900 + chance.randint(0, 200)}-01-01 00:00:07+{chance.randint(0, 12):02}",
    "time": lambda chance: f"{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:00",
}  # fmt: skip


def test_every_flat_type_reaches_heap_as_the_table_says(project: Project, heap: Sandbox) -> None:
    assert_sent(project, heap, [case for case in SENT if is_flat(case)])


@pytest.mark.parametrize("options", [{}, {"nulls": "blank"}], ids=["nulls left out", "nulls as blanks"])
def test_show_prints_exactly_what_is_sent(project: Project, heap: Sandbox, options: dict[str, str]) -> None:
    columns = build(project, rows=400)
    names = {f'{kind} "{column}" \\ é': column for kind, column in zip(VALUES, columns, strict=True)}
    project.declare("people", {"type": "user_properties", "identity": "user_id", "properties": names, **options})
    shown = users(project.run("show", "--limit", "1000").stdout)
    assert project.sync().exit_code == 0
    sent = [user for request in heap.requests(bodies=True) for user in users(request["body"])]
    assert sent == shown
    assert len(sent) == 400
    assert project.results()["people"]["truncated"] == len(over_long(project))


def build(project: Project, rows: int) -> list[str]:
    """A table of people with a column of each type, its values by chance, some of them null."""
    chance = Random(7)
    columns = [f"c{number}" for number in range(len(VALUES))]
    typed = ", ".join(f"{column} {kind}" for column, kind in zip(columns, VALUES, strict=True))
    people = [
        [
            f"p{row} {text(chance)[:100]}",
            *(value(chance) if chance.random() < 0.9 else None for value in VALUES.values()),
        ]
        for row in range(rows)
    ]
    with duckdb.connect(project.engine.output["path"]) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"create table people (user_id varchar, {typed})")
        connection.executemany(f"insert into people values (?{', ?' * len(columns)})", people)
    return columns


def over_long(project: Project) -> list[Any]:
    """The texts that have to be cut."""
    return project.sql("select c7 from people where length(c7) > 1023")


def users(body: str) -> Any:
    """A body's users, their values as on the wire; of floats, which may be written in several ways, the number."""
    found = json.loads(body, parse_int=Number, parse_float=Number)["users"]
    for user in found:
        for name, value in user["properties"].items():
            user["properties"][name] = float(value or 0) if name.startswith("float") else as_sent(value)
    return found


def is_flat(case: Case) -> bool:
    """Whether its type has no parts: where one has, Python writes all records."""
    return case.event is None and not any(word in case.sql for word in ("{", "::json", "union_value"))
