"""Events: each row once, in Heap's limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouses import on_each, on_every_warehouse

pytestmark = on_every_warehouse


def events(heap: Sandbox) -> list[dict[str, Any]]:
    """What Heap holds of events, by time."""
    return sorted(heap.events(), key=lambda event: event["timestamp"])


def test_each_row_becomes_an_event_with_its_time_and_properties(orders: Project, heap: Sandbox) -> None:
    assert orders.sync().exit_code == 0
    first = events(heap)[0]
    assert (first["identity"], first["event"], first["timestamp"]) == (
        "ana",
        "Order Completed",
        "2026-03-01T08:15:00+00:00",
    )
    assert str(first["properties"]["Total"]) == "9.50"
    assert len(heap.events()) == 3


@on_each
def test_event_is_sent_once_even_if_its_row_changes_or_returns(orders: Project, heap: Sandbox) -> None:
    orders.sync()
    orders.sql("update heap_orders set total = 99 where order_id = 1")
    orders.sql("delete from heap_orders where order_id = 2")
    orders.sync()
    orders.table("heap_orders", ORDER_ROWS)
    heap.reset()
    orders.sync()
    assert heap.requests() == []


def test_only_the_new_row_is_sent(orders: Project, heap: Sandbox) -> None:
    orders.sync()
    orders.sql("insert into heap_orders values (4, 'bob', timestamp '2026-03-04', 1)")
    heap.reset()
    orders.sync()
    assert [event["timestamp"] for event in heap.events()] == ["2026-03-04T00:00:00+00:00"]


def test_null_timestamp_means_heaps_time_of_arrival(orders: Project, heap: Sandbox) -> None:
    orders.table("heap_orders", "select 1 as order_id, 'ana' as user_id, null::timestamp as ordered_at, 1 as total")
    assert orders.sync().exit_code == 0
    (request,) = heap.requests(bodies=True)
    assert "timestamp" not in json.loads(request["body"])["events"][0]


def test_timestamps_without_a_zone_are_read_in_the_syncs_zone(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "timezone": "Europe/Berlin"})
    orders.sync()
    assert events(heap)[0]["timestamp"] == "2026-03-01T08:15:00+01:00"


def test_rows_before_begin_are_never_planned(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "begin": "2026-03-02"})
    orders.sync()
    assert [event["timestamp"][:10] for event in events(heap)] == ["2026-03-02", "2026-03-03"]


def test_lookback_finds_only_late_rows_within_it(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 day"})
    orders.sync()
    orders.sql(
        "insert into heap_orders values "
        "(4, 'x', timestamp '2026-03-02 09:00:00', 1), (5, 'y', timestamp '2026-02-01', 1)"
    )
    heap.reset()
    assert "lookback" in orders.run("plan").stdout
    orders.sync()
    assert [event["identity"] for event in heap.events()] == ["x"]
    orders.sync("--full-scan")
    assert sorted(event["identity"] for event in heap.events()) == ["x", "y"]


def test_acknowledged_event_whose_time_moves_into_the_lookback_is_not_sent_again(
    orders: Project, heap: Sandbox
) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 day"})
    orders.sync()
    orders.sql("update heap_orders set ordered_at = timestamp '2026-03-03 08:00:00' where order_id = 1")
    heap.reset()
    orders.sync()
    assert heap.requests() == []


def test_event_with_a_date_is_sent_once_with_a_lookback_of_hours(orders: Project, heap: Sandbox) -> None:
    orders.table(
        "heap_orders", f"select order_id, user_id, ordered_at::date as ordered_at, total from ({ORDER_ROWS}) as t"
    )
    orders.declare("heap_orders", {**ORDERS, "lookback": "12 hours"})
    orders.sync()
    heap.reset()
    orders.sync()
    assert heap.requests() == []


@pytest.mark.parametrize("cut", [{"begin": "2026-03-02"}, {"lookback": "1 day"}], ids=["begin", "lookback"])
def test_event_without_a_time_is_never_too_old(orders: Project, heap: Sandbox, cut: dict[str, str]) -> None:
    orders.declare("heap_orders", {**ORDERS, **cut})
    orders.sync()
    orders.sql("insert into heap_orders values (4, 'x', null, 1)")
    assert orders.sync().exit_code == 0
    assert "x" in {event["identity"] for event in heap.events()}
    heap.reset()
    orders.sync()
    assert heap.requests() == []


def test_undelivered_rows_stay_within_a_lookback(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 hour"})
    orders.sync()
    orders.sql("insert into heap_orders values (4, 'x', timestamp '2026-03-03 08:00:00', 1)")
    heap.misbehave("404:1.0")
    assert orders.sync().exit_code == 1
    heap.misbehave("")
    orders.sql("insert into heap_orders values (5, 'y', timestamp '2026-04-01', 1)")
    assert orders.sync().exit_code == 0
    assert {"x", "y"} <= {event["identity"] for event in heap.events()}


def test_future_time_hides_no_later_event_from_a_lookback(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 day"})
    orders.sql("insert into heap_orders values (4, 'x', timestamp '2099-01-01', 1)")
    orders.sync()
    orders.sql("insert into heap_orders values (5, 'y', timestamp '2026-03-04', 1)")
    heap.reset()
    assert orders.sync().exit_code == 0
    assert [event["identity"] for event in heap.events()] == ["y"]


def test_row_still_rejected_stays_within_a_lookback(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 hour"})
    orders.sql("insert into heap_orders values (4, 'undefined', timestamp '2026-03-03 07:00:00', 1)")
    orders.sync()
    orders.sql("insert into heap_orders values (5, 'y', timestamp '2026-04-01', 1)")
    assert [orders.sync().exit_code, orders.sync().exit_code] == [1, 1]
    assert orders.results()["heap_orders"]["still_rejected"] == 1
    orders.sql("update heap_orders set user_id = 'fixed' where order_id = 4")
    assert orders.sync().exit_code == 0
    assert "fixed" in {event["identity"] for event in heap.events()}


def test_event_found_by_a_full_scan_is_compared_until_it_is_sent(orders: Project, heap: Sandbox) -> None:
    orders.declare("heap_orders", {**ORDERS, "lookback": "1 hour"})
    orders.sync()
    orders.sql("insert into heap_orders values (4, 'x', timestamp '2026-02-01', 1)")
    heap.misbehave("404:1.0")
    orders.sync("--full-scan")
    heap.misbehave("")
    assert orders.sync().exit_code == 0
    assert "x" in {event["identity"] for event in heap.events()}
    orders.sql("insert into heap_orders values (5, 'z', timestamp '2026-04-01', 1)")
    orders.sync()
    orders.sql("insert into heap_orders values (6, 'y', timestamp '2026-02-02', 1)")
    orders.sync()
    assert "y" not in {event["identity"] for event in heap.events()}


def test_event_name_may_be_a_column(orders: Project, heap: Sandbox) -> None:
    orders.table("heap_orders", f"select *, 'Order ' || order_id as action from ({ORDER_ROWS})")
    fixed = {key: value for key, value in ORDERS.items() if key != "event_name"}
    orders.declare("heap_orders", {**fixed, "event_name_column": "action"})
    orders.sync()
    assert [event["event"] for event in events(heap)] == ["Order 1", "Order 2", "Order 3"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("''", "blank_event_name"), ("null", "blank_event_name"), ("repeat('x', 1025)", "long_event_name")],
)
def test_bad_event_name_rejects_its_row(orders: Project, name: str, reason: str) -> None:
    orders.table(
        "heap_orders", f"select *, case order_id when 1 then {name} else 'Order' end as action from ({ORDER_ROWS})"
    )
    fixed = {key: value for key, value in ORDERS.items() if key != "event_name"}
    orders.declare("heap_orders", {**fixed, "event_name_column": "action"})
    assert orders.sync().exit_code == 1
    assert orders.results()["heap_orders"]["reasons"] == {reason: 1}


def test_top_level_keys_of_a_properties_column_become_properties(orders: Project, heap: Sandbox) -> None:
    orders.table(
        "heap_orders",
        """select 1 as order_id, 'ana' as user_id, timestamp '2026-03-01' as ordered_at, 5 as total,
           '{"Total": 1, "Coupon": "X", "Tags": ["a", "b"], "Gift": true, "Deep": {"a": 1.25}, "None": null}'::json
           as more""",
    )
    orders.declare("heap_orders", {**ORDERS, "properties_column": "more"})
    orders.sync()
    (event,) = heap.events()
    assert event["properties"] == {"Total": 5, "Coupon": "X", "Tags": "a||b", "Gift": "true", "Deep": '{"a":1.25}'}


def test_key_of_several_columns_does_not_confuse_its_parts(orders: Project, heap: Sandbox) -> None:
    orders.table(
        "heap_orders",
        "select a, b, 'ana' as user_id, timestamp '2026-03-01' as ordered_at, 1 as total "
        "from (values ('1', '23'), ('12', '3')) as t(a, b)",
    )
    orders.declare("heap_orders", {**ORDERS, "unique_key": ["a", "b"]})
    assert orders.sync().exit_code == 0
    assert len(heap.events()) == 2


def test_null_and_duplicate_keys_are_rejected(orders: Project, heap: Sandbox) -> None:
    orders.sql("insert into heap_orders values (null, 'x', null, 1), (3, 'y', null, 1)")
    assert orders.sync().exit_code == 1
    assert orders.results()["heap_orders"]["reasons"] == {"duplicate_key": 2, "null_key": 1}
    assert len(heap.events()) == 2


def test_placeholder_or_blank_is_the_reason_instead_of_duplicate_key(orders: Project, heap: Sandbox) -> None:
    orders.table(
        "heap_orders",
        "select * from (values ('unknown', 'Paid', 1), ('unknown', 'Paid', 2), ('bob', '', 1), ('bob', '', 2), "
        "('cem', 'Paid', 1), ('cem', 'Paid', 2), ('ana', 'Paid', 1)) as t(user_id, name, total)",
    )
    block = {"type": "events", "identity": "user_id", "event_name_column": "name", "unique_key": ["user_id", "name"]}
    orders.declare("heap_orders", block)
    assert orders.sync().exit_code == 1
    reasons = {"placeholder_identity": 2, "blank_event_name": 2, "duplicate_key": 2}
    assert orders.results()["heap_orders"]["reasons"] == reasons
    assert [event["identity"] for event in heap.events()] == ["ana"]


def test_events_of_one_identity_beyond_a_thousand_come_in_later_waves(orders: Project) -> None:
    orders.table(
        "heap_orders",
        "select i as order_id, case when i < 2500 then 'busy' else 'u' || i end as user_id, "
        "timestamp '2026-03-01' + i * interval '1 second' as ordered_at, 1 as total "
        "from generate_series(0, 2999) as t(i)",
    )
    plan = orders.run("plan", "--output", "json").json()
    assert plan[0]["new"] == 3000
    assert plan[0]["batches"] == 4  # 1,000 busy + 500 others in two batches, then 1,000, then 500


def test_same_key_gives_the_same_idempotency_key_after_a_reset(orders: Project, heap: Sandbox) -> None:
    orders.sync()
    assert orders.run("state", "reset", "heap_orders", "--yes").exit_code == 0
    orders.sync()
    assert len(heap.events()) == 3
    assert len(heap.requests()) == 2


def test_columns_may_be_declared_in_another_case(orders: Project, heap: Sandbox) -> None:
    orders.declare(
        "heap_orders",
        {**ORDERS, "identity": "USER_ID", "unique_key": "Order_ID", "timestamp": "ORDERED_AT", "begin": "2026-03-02"},
    )
    assert orders.sync().exit_code == 0
    assert sorted(event["identity"] for event in heap.events()) == ["ana", "bob"]
