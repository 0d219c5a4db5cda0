"""Models with hundreds of properties."""

from __future__ import annotations

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import held
from tests.warehouses import on_every_engine

pytestmark = on_every_engine

TYPES = ("i * 7", "'v' || i", "i > 1", "i * 2.5::double precision", "timestamp '2026-03-01 08:15:00'")


def widen(project: Project, properties: int, columns: int) -> None:
    """Build a model of three users with so many columns, and send so many properties from them."""
    values = ", ".join(f"{TYPES[n % len(TYPES)]} as c{n}" for n in range(columns))
    project.table("heap_users", f"select 'u' || i as user_id, {values} from generate_series(1, 3) as t(i)")
    mapping = {f"P{n}": f"c{n % columns}" for n in range(properties)}
    project.declare(
        "heap_users", {"type": "user_properties", "identity": "user_id", "max_rows": 100, "properties": mapping}
    )


def test_a_model_of_900_properties_is_sent_and_compared(project: Project, heap: Sandbox) -> None:
    widen(project, 900, 900)
    project.sql("insert into heap_users (user_id) values ('unknown')")
    project.sql("update heap_users set c0 = 0 where user_id = 'unknown'")
    assert project.sync().exit_code == 1
    assert {name: len(properties) for name, properties in held(heap).items()} == {"u1": 900, "u2": 900, "u3": 900}
    assert held(heap)["u2"]["P1"] == "v2" and held(heap)["u2"]["P895"] == 14
    heap.reset()
    project.sql("update heap_users set c895 = 5, c898 = 0.5, c3 = 'nan' where user_id = 'u2'")
    project.sql("update heap_users set c895 = 5, c898 = 0.5 where user_id = 'u3'")
    assert project.sync().exit_code == 1
    assert held(heap) == {"u3": {"P895": 5, "P898": 0.5}}
    assert project.results()["heap_users"]["reasons"] == {"not_a_number": 1}


def test_more_properties_than_a_table_takes_are_refused_before_anything_is_sent(
    project: Project, heap: Sandbox
) -> None:
    widen(project, 1_700, 40)
    outcome = project.sync()
    if project.engine.adapter_type == "duckdb":
        assert outcome.exit_code == 0
        assert {len(properties) for properties in held(heap).values()} == {1_700}
        return
    assert outcome.exit_code == 2
    assert "sends 1,700 properties" in outcome.stderr and "takes at most 1,600" in outcome.stderr
    assert heap.requests() == []
    assert project.run("plan").exit_code == 2
