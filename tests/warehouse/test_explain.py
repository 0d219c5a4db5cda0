"""`explain`: why a user, an account or an event is in Heap as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.deletions import deleting, lists, shop
from tests.warehouse.orders import ORDERS
from tests.warehouse.users import USERS, sent
from tests.warehouses import on_every_warehouse


def explained(project: Project, *keys: str) -> dict[str, dict[str, Any]]:
    """Return the explanation of some keys, by sync and key."""
    ran = project.run("explain", "--key-file", key_file(project, *keys), "--output", "json")
    assert ran.exit_code == 0, ran.stderr
    return {f"{each['sync']} {row['key']}": row for each in ran.json() for row in each["keys"]}


def key_file(project: Project, *keys: str) -> str:
    file = project.folder / "keys.txt"
    file.write_text("".join(f"{key}\n" for key in keys), encoding="utf-8")
    return str(file)


def next_actions(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name.split(" ", 1)[1]: each["next_action"] for name, each in found.items()}


def why(row: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return per property: in the warehouse, acknowledged, what Heap would get, why."""
    return {told["property"]: tuple(told.values())[1:] for told in row["properties"]}


@on_every_warehouse
def test_explain_shows_a_users_rows_acknowledged_values_and_next_action(users: Project) -> None:
    assert next_actions(explained(users, "ana", "nobody")) == {"ana": "new", "nobody": "unknown"}
    users.sync()
    users.sql("update heap_users set plan = 'pro', seats = null where user_id = 'ana'")
    users.sql("delete from heap_users where user_id = 'bob'")
    found = explained(users, "ana", "bob", "cem")
    assert next_actions(found) == {"ana": "changed", "bob": "gone", "cem": "unchanged"}
    ana = found["heap_users ana"]
    assert why(ana) == {
        "Plan": ("pro", "team", "pro", "sent: it changed"),
        "Seats": (None, "3", None, "null; Heap keeps what it has"),
    }
    assert ana["record"] == {"identity": "ana", "properties": {"Plan": "pro"}}
    assert ana["acknowledged_at"] and ana["run_id"] == users.state("select run_id from state.runs")[0][0]
    assert why(found["heap_users bob"])["Plan"] == (None, "free", None, "")


def test_plan_and_sync_send_the_same(users: Project, heap: Sandbox) -> None:
    records = [row["record"] for row in explained(users, "ana", "bob", "cem").values()]
    users.sync()
    assert sorted(records, key=str) == sorted(sent(heap), key=str)


def test_explain_says_why_a_row_is_or_would_be_rejected(users: Project, heap: Sandbox) -> None:
    users.sql("insert into heap_users values ('undefined', 'x', 1), ('dup', 'x', 1), ('dup', 'y', 2)")
    found = explained(users, "undefined", "dup")
    assert {name: (row["next_action"], row["reason"]) for name, row in found.items()} == {
        "heap_users undefined": ("rejected", "placeholder_identity"),
        "heap_users dup": ("rejected", "duplicate_key"),
    }
    heap.refuse("bob")
    users.sync()
    found = explained(users, "undefined", "bob")
    assert {name: (row["next_action"], row["reason"]) for name, row in found.items()} == {
        "heap_users undefined": ("still_rejected", "placeholder_identity"),
        "heap_users bob": ("still_rejected", "refused_by_heap"),
    }
    assert found["heap_users bob"]["since"]
    users.sql("update heap_users set plan = 'pro' where user_id = 'bob'")
    assert explained(users, "bob")["heap_users bob"]["next_action"] == "new"


@on_every_warehouse
def test_explain_shows_all_events_of_an_identity(orders: Project) -> None:
    orders.declare("heap_orders", {**ORDERS, "begin": "2026-03-02"})
    orders.sync()
    orders.sql("insert into heap_orders values (4, 'ana', timestamp '2026-03-04 08:15:00', 1.25)")
    found = explained(orders, "ana", "2")
    assert next_actions(found) == {"4": "new", "3": "acknowledged", "1": "before_begin", "2": "acknowledged"}
    assert [row["asked"] for row in found.values()] == ["ana", "ana", "ana", "2"]
    assert why(found["heap_orders 4"])["Total"][0] == "1.25"
    orders.declare("heap_orders", {**ORDERS, "begin": "2026-03-02", "lookback": "1 hour"})
    orders.sync()
    orders.sql("insert into heap_orders values (5, 'ana', timestamp '2026-03-03 01:00:00', 1)")
    assert next_actions(explained(orders, "5")) == {"5": "before_lookback"}


def test_key_of_several_columns_is_a_json_list(orders: Project) -> None:
    orders.declare("heap_orders", {**ORDERS, "unique_key": ["user_id", "order_id"]})
    orders.sync()
    (row,) = explained(orders, json.dumps(["ana", 1])).values()
    assert row["next_action"] == "acknowledged"


def test_user_in_doubt_would_be_sent_in_full(users: Project) -> None:
    users.sync()
    (table,) = (name for name in users.state_tables() if name.startswith("synced_"))
    users.state(f"update state.{table} set doubt = true where key = 'ana'")
    (row,) = explained(users, "ana").values()
    assert (row["next_action"], row["record"]["properties"]) == ("doubtful", {"Plan": "team", "Seats": 3})


def test_explain_shows_only_the_deletion_of_a_deleted_user(users: Project) -> None:
    shop(users)
    lists(users, "ana")
    found = explained(users, "ana")
    assert {name: row["next_action"] for name, row in found.items()} == {
        "gone ana": "to_delete", "heap_users ana": "unchanged", "visits 3:ana1:1": "acknowledged",
    }  # fmt: skip
    assert deleting(users).exit_code == 0
    assert {row["next_action"] for row in explained(users, "ana").values()} == {"deleted"}


def test_model_that_failed_to_build_is_reported(users: Project) -> None:
    results = {
        "metadata": {},
        "args": {"which": "run"},
        "results": [{"unique_id": "model.shop.heap_users", "status": "error"}],
    }
    users.run_results_text = json.dumps(results)
    shown = users.run("explain", "--key-file", key_file(users, "ana")).stdout
    assert "no row would be sent: its last build failed" in shown


def test_text_output_cannot_control_the_terminal(users: Project) -> None:
    users.sync()
    users.sql("update heap_users set plan = 'a' || chr(27) || '[2Jb' where user_id = 'ana'")
    shown = users.run("explain", "--key-file", key_file(users, "ana", "\x1b[2J")).stdout
    assert "ana: would be sent: it changed since Heap acknowledged it" in shown
    assert "last acknowledged by Heap at 20" in shown
    assert "\x1b" not in shown and r"a\x1b[2Jb" in shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "--key-file is empty"),
        ("\n \n", "--key-file is empty"),
        ("\n".join(map(str, range(101))), "--key-file has 101 keys"),
    ],
)
def test_key_file_with_no_keys_or_too_many_is_reported(users: Project, text: str, told: str) -> None:
    outcome = users.run("explain", "--key-file", key_file(users, *text.split("\n")))
    assert outcome.exit_code == 2
    assert told in outcome.stderr


def test_byte_order_mark_is_not_part_of_the_first_key(users: Project) -> None:
    assert next_actions(explained(users, "\ufeffana")) == {"ana": "new"}


def test_sync_that_cannot_be_explained_does_not_hide_others(users: Project) -> None:
    users.declare("heap_gone", {**USERS, "properties": {"Other": "other"}})
    outcome = users.run("explain", "--key-file", key_file(users, "ana"), "--output", "json")
    assert outcome.exit_code == 2
    found = {each["sync"]: each for each in outcome.json()}
    assert found["heap_gone"]["error"] and found["heap_users"]["keys"][0]["next_action"] == "new"


def test_explain_writes_nothing_and_reads_each_key_once(users: Project) -> None:
    before = users.state_tables() if users.state_tables() else set()
    assert len(explained(users, "ana", "ana", "", "ana")) == 1
    assert users.state_tables() == before
