"""Models with hundreds of properties."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import held
from tests.warehouses import on_every_engine

TYPES = ("i * 7", "'v' || i", "i > 1", "i * 2.5::double precision", "timestamp '2026-03-01 08:15:00'")


def widen(project: Project, properties: int, columns: int) -> None:
    """Build a model of two users with so many columns, and send so many properties from them."""
    values = ", ".join(f"{TYPES[n % len(TYPES)]} as c{n}" for n in range(columns))
    project.table("heap_users", f"select 'u' || i as user_id, {values} from generate_series(1, 2) as t(i)")
    mapping = {f"P{n}": f"c{n % columns}" for n in range(properties)}
    project.declare(
        "heap_users", {"type": "user_properties", "identity": "user_id", "max_rows": 100, "properties": mapping}
    )


@on_every_engine
def test_model_of_1_100_properties_is_sent_and_compared(project: Project, heap: Sandbox) -> None:
    widen(project, 1_100, 1_100)  # DuckDB takes a thousand levels of nesting
    project.sql("update heap_users set c3 = 'nan' where user_id = 'u2'")
    assert project.sync().exit_code == 1
    assert {name: len(properties) for name, properties in held(heap).items()} == {"u1": 1_100}
    assert held(heap)["u1"] | {"P1": "v1", "P1095": 7, "P1098": 2.5} == held(heap)["u1"]
    project.sql("update heap_users set c1095 = 5, c3 = 1 where user_id = 'u1'")
    [planned] = project.run("plan", "--output", "json").json()
    assert (planned["planned"], planned["still_rejected"]) == (1, 1)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_more_properties_than_a_table_takes_are_refused_at_once(project: Project, heap: Sandbox) -> None:
    widen(project, 1_700, 10)
    outcome = project.sync()
    assert outcome.exit_code == 2
    assert "it sends 1,700 properties. They need a table of 1,716 columns" in outcome.stderr
    assert "allows at most 1,600" in outcome.stderr and heap.requests() == []
    assert project.run("plan").exit_code == 2
