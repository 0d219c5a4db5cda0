"""Properties and columns that are newly mapped, renamed, dropped, or of another type."""

from __future__ import annotations

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.users import ROWS, USERS, held, sent
from tests.warehouses import on_every_warehouse

pytestmark = on_every_warehouse


def test_newly_mapped_property_is_sent_alone_for_every_row(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.table("heap_users", f"select *, user_id || '@x' as email from ({ROWS})")
    users.declare("heap_users", {**USERS, "properties": {**USERS["properties"], "email": "email"}})
    heap.reset()
    users.sync()
    assert sorted(record["identity"] for record in sent(heap)) == ["ana", "bob", "cem"]
    assert all(set(record["properties"]) == {"email"} for record in sent(heap))


def test_property_renamed_in_heap_is_sent_for_every_row_that_has_it(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.declare("heap_users", {**USERS, "properties": {"Tariff": "plan", "Seats": "seats"}})
    heap.reset()
    users.sync()
    assert {record["identity"]: record["properties"] for record in sent(heap)} == {
        "ana": {"Tariff": "team"},
        "bob": {"Tariff": "free"},
    }


def test_renamed_column_under_the_same_heap_name_sends_nothing(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users rename column plan to tariff")
    users.declare("heap_users", {**USERS, "properties": {"Plan": "tariff", "Seats": "seats"}})
    heap.reset()
    users.sync()
    assert sent(heap) == []


def test_column_whose_value_class_changed_is_sent_again(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users alter seats type varchar")
    heap.reset()
    users.sync()
    assert {record["identity"]: record["properties"] for record in sent(heap)} == {
        "ana": {"Seats": "3"},
        "bob": {"Seats": "1"},
        "cem": {"Seats": "2"},
    }


def test_type_that_widened_within_its_class_sends_only_what_changed(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.sql("alter table heap_users alter seats type bigint")
    users.sql("update heap_users set seats = 5000000000 where user_id = 'ana'")
    heap.reset()
    users.sync()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Seats": 5000000000}}]


def test_view_shows_the_newest_values_of_a_property_whose_type_widened(users: Project) -> None:
    users.sync()
    users.sql("alter table heap_users alter seats type bigint")
    for seats in (5000000000, 6000000000):
        users.sql(f"update heap_users set seats = {seats} where user_id = 'ana'")
        assert "its view" not in users.sync().stderr
        assert users.state("select \"Seats\" from state.heap_users__synced where key = 'ana'") == [(seats,)]


def test_decimal_that_gains_digits_keeps_all_of_them_in_the_state(project: Project, heap: Sandbox) -> None:
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["ltv"]})
    for scale, value in ((2, "1.25"), (4, "1.2525")):
        project.table("heap_users", f"select 'ana' as user_id, cast({value} as decimal(12, {scale})) as ltv")
        project.sync()
    heap.reset()
    assert project.sync().exit_code == 0
    assert sent(heap) == []
    assert project.state("select cast(ltv as varchar(10)) from state.heap_users__synced") == [("1.2525",)]


def test_unmapped_property_sends_nothing_and_keeps_its_last_value(users: Project, heap: Sandbox) -> None:
    users.sync()
    users.declare("heap_users", {**USERS, "properties": {"Plan": "plan"}})
    users.sql("update heap_users set seats = 9, plan = 'pro' where user_id = 'ana'")
    users.sync()
    users.declare("heap_users", USERS)
    heap.reset()
    users.sync()
    assert sent(heap) == [{"identity": "ana", "properties": {"Seats": 9}}]


def test_heap_names_that_differ_only_in_case_are_two_properties(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "properties": {"Plan": "plan", "plan": "seats"}})
    assert users.sync().exit_code == 0
    assert held(heap)["ana"] == {"Plan": "team", "plan": 3}
    assert users.sync().exit_code == 0


def test_state_table_is_kept_whatever_length_its_types_allow(project: Project, heap: Sandbox) -> None:
    columns = "cast(7.25 as decimal(10, 2)) as total, cast('gold' as varchar(10)) as tier"
    project.table("heap_users", f"select 'ana' as user_id, {columns}")
    project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": ["total", "tier"]})
    assert project.sync().exit_code == 0
    heads = project.state("select distinct synced from state.sync_log where synced is not null")
    project.sql("update heap_users set total = 8.5, tier = 'silver'")
    assert project.sync().exit_code == 0
    kept = project.state("select distinct synced from state.sync_log where synced is not null") == heads
    assert kept == (project.engine.adapter_type != "spark")  # which cannot MERGE parquet: another table each time
    assert held(heap) == {"ana": {"total": 8.5, "tier": "silver"}}
