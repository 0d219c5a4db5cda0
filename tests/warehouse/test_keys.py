"""By which keys Heap knows events again, over renames and resets, and what asks before they change."""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouse.users import sent


@pytest.fixture
def orders(orders: Project) -> Project:
    """Three orders, synced."""
    assert orders.sync().exit_code == 0
    return orders


def keys(heap: Sandbox) -> set[str]:
    """The idempotency keys that were sent since the last look."""
    found = {event["idempotency_key"] for event in sent(heap)}
    heap.reset()
    return found


def test_events_keep_their_keys_after_rename_and_reset(orders: Project, heap: Sandbox) -> None:
    before = keys(heap)
    orders.declare("heap_orders", {**ORDERS, "name": "purchases"})
    assert orders.run("state", "rename", "heap_orders", "purchases").exit_code == 0
    assert orders.run("state", "reset", "purchases", "--yes").exit_code == 0
    assert orders.sync().exit_code == 0
    assert keys(heap) == before and len(before) == 3


def test_new_sync_under_a_former_name_has_its_own_idempotency_keys(orders: Project, heap: Sandbox) -> None:
    before = keys(heap)
    orders.declare("heap_orders", [{**ORDERS, "name": "purchases"}, {**ORDERS, "name": "heap_orders"}])
    assert orders.run("state", "rename", "heap_orders", "purchases").exit_code == 0
    assert orders.sync().exit_code == 0
    assert len(new := keys(heap)) == 3 and not new & before


def test_changed_key_is_refused_even_after_a_run_without_rows(orders: Project, heap: Sandbox) -> None:
    keys(heap)
    orders.declare("heap_orders", {**ORDERS, "unique_key": ["order_id", "user_id"]})
    orders.table("heap_orders", f"{ORDER_ROWS} where order_id < 0")
    assert orders.sync().exit_code == 0
    orders.table("heap_orders", ORDER_ROWS)
    outcome = orders.sync()
    assert outcome.exit_code == 1 and "Heap would record 3 events a second time" in outcome.stderr
    assert keys(heap) == set()
    assert orders.sync("--first-sync").exit_code == 0
    assert orders.sync().exit_code == 0
    assert len(keys(heap)) == 3
