"""`log: true`: which property was sent when."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.state.merge import Merge
from tests.project import Project
from tests.warehouse.orders import ORDERS
from tests.warehouse.users import USERS
from tests.warehouses import on_every_warehouse

TOLD = "select key, property, value from state.heap_users__log order by sent_at, key, property"


@on_every_warehouse
def test_each_property_that_heap_accepted_is_kept_with_its_time_and_run(users: Project) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    users.sync()
    first = [("ana", "Plan", "team"), ("ana", "Seats", "3"), ("bob", "Plan", "free"), ("bob", "Seats", "1")]
    assert users.state(TOLD) == [*first, ("cem", "Seats", "2")]
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    users.sync()
    assert users.state(TOLD)[5:] == [("bob", "Plan", "pro")]
    runs = "select count(distinct run_id), count(distinct destination), count(sent_at) from state.heap_users__log"
    assert users.state(runs) == [(2, 1, 6)]


def test_log_omits_rejected_and_undelivered_properties(users: Project, heap: Sandbox) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    heap.refuse("bob")
    assert users.sync().exit_code == 1
    assert {key for key, *_ in users.state(TOLD)} == {"ana", "cem"}


def test_null_sent_as_a_blank_is_a_blank_in_heap(users: Project) -> None:
    users.declare("heap_users", {**USERS, "nulls": "blank", "log": True})
    users.sync()
    users.sql("update heap_users set plan = null where user_id = 'ana'")
    users.sync()
    assert users.state(TOLD)[-1] == ("ana", "Plan", "")


def test_log_keeps_only_properties_of_events(orders: Project) -> None:
    orders.declare("heap_orders", {**ORDERS, "log": True})
    orders.sync()
    reported = orders.state("select key, property, value from state.heap_orders__log order by key")
    assert reported == [("1", "Total", "9.50"), ("2", "Total", "20.00"), ("3", "Total", "7.25")]


def test_log_keeps_nothing_of_a_properties_column(orders: Project) -> None:
    orders.sql('alter table heap_orders add column more varchar default \'{"Colour": "red"}\'')
    orders.declare("heap_orders", {**ORDERS, "properties_column": "more", "log": True})
    orders.sync()
    assert orders.state("select distinct property from state.heap_orders__log") == [("Total",)]


@on_every_warehouse
def test_repeated_merge_writes_no_row_twice(users: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    once = Merge.log
    monkeypatch.setattr(Merge, "log", lambda merge, names: [once(merge, names), once(merge, names)])
    users.sync()
    users.sql("update heap_users set seats = seats + 1")
    users.sync()
    assert len(users.state(TOLD)) == 5 + 3


def test_syncs_without_it_keep_nothing(users: Project) -> None:
    users.sync()
    assert not [table for table in users.state_tables() if table.endswith("__log")]


def test_schema_with_a_log_in_it_is_dbt_heaps_own(users: Project) -> None:
    users.declare("heap_users", {**USERS, "log": True})
    users.sync()
    assert users.run("check").exit_code == 0
    assert users.sync().exit_code == 0
