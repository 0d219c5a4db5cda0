"""Recomputed keys are noticed before Heap gets its rows a second time; models that only move on are not."""

from __future__ import annotations

from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.orders import ORDER_ROWS, ORDERS
from tests.warehouses import on_most_warehouses

EVENTS = {
    "type": "events", "identity": "user_id", "event_name": "Paid", "timestamp": "paid_at", "unique_key": "id",
}  # fmt: skip
UNTIMED = {key: value for key, value in EVENTS.items() if key != "timestamp"}
USERS = {"type": "user_properties", "identity": "id", "properties": ["n"]}
ACCOUNTS = {"type": "account_properties", "account_id": "id", "properties": ["n"]}


def rows(
    first: int, last: int, *, salt: str = "a", start: str = "2026-03-01", step: str = "1 hour", by: str = ""
) -> str:
    """Rows first to last, each with a key by the salt, and a time; `by` cuts the time to a day."""
    time = f"timestamp '{start}' + n * interval '{step}'"
    paid_at = f"cast({time} as date)" if by == "day" else time
    numbers = f"(select generate_series as n from generate_series({first}, {last})) as t"
    return f"select '{salt}' || n as id, 'u' || n as user_id, n, {paid_at} as paid_at from {numbers}"


def both(*selects: str) -> str:
    return " union all ".join(selects)


YESTERDAY = both(rows(1, 20, start="2026-03-01", by="day"), rows(21, 60, start="2026-03-05", by="day"))

CASES = {  # block, the model as it was synced, the model now -> acknowledged keys gone, others that came
    "all keys": (EVENTS, rows(1, 40), rows(1, 40, salt="b"), (40, 40)),
    "all keys, and later events": (EVENTS, rows(1, 40), rows(1, 60, salt="b"), (40, 40)),
    "half of the keys": (EVENTS, rows(1, 40), both(rows(1, 20), rows(21, 40, salt="b")), (20, 20)),
    "all keys of a rolling window": (EVENTS, rows(1, 60), rows(31, 70, salt="b"), (30, 30)),
    "all keys of events with dates": (EVENTS, rows(1, 90, by="day"), rows(1, 90, salt="b", by="day"), (90, 90)),
    "all keys of events at one time": (
        EVENTS, rows(1, 40, step="0 hours"), rows(1, 40, salt="b", step="0 hours"), (40, 40)
    ),
    "all keys of a lookback": ({**EVENTS, "lookback": "2 hours"}, rows(1, 40), rows(1, 40, salt="b"), (3, 3)),
    "three keys": (EVENTS, rows(1, 3), rows(1, 3, salt="b"), (3, 3)),
    "one key": (EVENTS, rows(1, 40), both(rows(1, 39), rows(40, 40, salt="b")), (0, 0)),
    "later events": (EVENTS, rows(1, 40), rows(1, 80), (0, 0)),
    "a rolling window": (EVENTS, rows(1, 40), rows(21, 60), (0, 0)),
    "only events of today": (EVENTS, rows(1, 40), rows(41, 80), (0, 0)),
    "only events that arrived since, some of them late": (
        EVENTS, rows(1, 40), both(rows(36, 40, salt="b", start="2026-03-01 00:10"), rows(41, 80)), (0, 0)
    ),
    "another kind of event at the same times": (EVENTS, rows(1, 40), both(rows(1, 40), rows(1, 40, salt="b")), (0, 0)),
    "the second load of a day": (EVENTS, YESTERDAY, rows(1, 9, salt="b", start="2026-03-05", by="day"), (0, 0)),
    "an empty model": (EVENTS, rows(1, 40), rows(1, 0), (0, 0)),
    "all keys of events without a time": (UNTIMED, rows(1, 40), rows(1, 40, salt="b"), (40, 40)),
    "fewer others without a time": (UNTIMED, rows(1, 40), rows(1, 20, salt="b"), (0, 0)),
    "all users": (USERS, rows(1, 40), rows(1, 40, salt="b"), (40, 40)),
    "half of the users": (USERS, rows(1, 40), both(rows(1, 20), rows(21, 40, salt="b")), (20, 20)),
    "all accounts": (ACCOUNTS, rows(1, 40), rows(1, 40, salt="b"), (40, 40)),
    "more users": (USERS, rows(1, 40), rows(1, 90), (0, 0)),
    "fewer users": (USERS, rows(1, 40), both(rows(1, 5), rows(41, 50)), (0, 0)),
    "nine users": (USERS, rows(1, 9), rows(1, 9, salt="b"), (0, 0)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_recomputed_keys_are_distinguished_from_new_and_removed_rows(
    project: Project, heap: Sandbox, case: tuple[dict[str, Any], str, str, tuple[int, int]]
) -> None:
    block, before, after, expected = case
    project.declare("heap_rows", block)
    project.table("heap_rows", before)
    assert project.sync().exit_code == 0
    project.table("heap_rows", after)
    (plan,) = project.run("plan", "--output", "json").json()
    assert (plan["missing_keys"], plan["rekeyed_rows"]) == expected
    assert bool(plan["refused"]) is bool(expected[1])


@on_most_warehouses
def test_sync_refuses_recomputed_keys_until_they_are_meant(project: Project, heap: Sandbox) -> None:
    project.declare("heap_orders", ORDERS)
    project.table("heap_orders", ORDER_ROWS)
    assert project.sync().exit_code == 0
    project.table(
        "heap_orders", f"select order_id + 100 as order_id, user_id, ordered_at, total from ({ORDER_ROWS}) as t"
    )
    text = "3 acknowledged keys are missing from the model, which has 3 new keys instead: Heap would record 3 events a"
    assert text in project.run("plan").stdout
    outcome = project.sync()
    assert outcome.exit_code == 1 and text in outcome.stderr and len(heap.events()) == 3
    result = project.results()["heap_orders"]
    assert (result["status"], result["missing_keys"], result["rekeyed_rows"]) == ("refused", 3, 3)
    assert project.sync("--first-sync").exit_code == 0
    assert len(heap.events()) == 6 and project.run("plan", "--check").exit_code == 0


@on_most_warehouses
def test_sync_refuses_recomputed_identities_of_users(project: Project, heap: Sandbox) -> None:
    users = ", ".join(f"('u{number}', {number})" for number in range(1, 13))
    project.declare("heap_users", {"type": "user_properties", "identity": "id", "properties": ["n"]})
    project.table("heap_users", f"select * from (values {users}) as t(id, n)")
    assert project.sync().exit_code == 0
    project.table("heap_users", f"select * from (values {users.replace('u', 'v')}) as t(id, n)")
    outcome = project.sync()
    assert outcome.exit_code == 1 and "12 new keys instead: Heap would create 12 users a second time" in outcome.stderr
    assert len(heap.users()) == 12
