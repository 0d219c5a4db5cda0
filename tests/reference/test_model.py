"""The reference model, compared with cases small enough to solve by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.reference.model import Reference, Row, Sent, UnfitError, Value, exact, heap_value

ORDER = {"order_id": "o1", "user_id": "u1", "at": datetime(2026, 11, 2, 8, 15), "total": Decimal("9.90")}


def users(heap: Reference, *rows: Row) -> Sent:
    return heap.sync_users(rows, identity="user_id", properties={"Plan": "plan", "seats": "seats"})


def orders(heap: Reference, *rows: Row, **mapping: Any) -> Sent:
    fixed = {} if "event_name_column" in mapping else {"event_name": "Order Completed"}
    declared = {"unique_key": ["order_id"], "timestamp": "at", "properties": {"Total": "total"}} | fixed | mapping
    return heap.sync_events(rows, sync="orders", identity="user_id", **declared)


def test_first_sync_sends_every_value_but_nulls() -> None:
    heap = Reference()
    assert users(heap, {"user_id": "u1", "plan": "team", "seats": None}) == Sent(rows=1, properties=1)
    assert heap.users == {"u1": {"Plan": "team"}}


def test_changed_row_sends_only_the_changed_property() -> None:
    heap = Reference()
    users(heap, {"user_id": "u1", "plan": "team", "seats": 3}, {"user_id": "u2", "plan": "free", "seats": 1})
    sent = users(heap, {"user_id": "u1", "plan": "team", "seats": 4}, {"user_id": "u2", "plan": "free", "seats": 1})
    assert sent == Sent(rows=1, properties=1)
    assert heap.users["u1"] == {"Plan": "team", "seats": 4}


def test_property_that_became_null_keeps_its_last_value() -> None:
    heap = Reference()
    users(heap, {"user_id": "u1", "plan": "team", "seats": 3})
    assert users(heap, {"user_id": "u1", "plan": None, "seats": 3}) == Sent(rows=0, properties=0)
    assert heap.users == {"u1": {"Plan": "team", "seats": 3}}


def test_row_that_left_stays_as_it_was() -> None:
    heap = Reference()
    users(heap, {"user_id": "u1", "plan": "team", "seats": 3})
    assert users(heap) == Sent(rows=0, properties=0)
    assert heap.users == {"u1": {"Plan": "team", "seats": 3}}


def test_two_syncs_of_one_object_type_add_up() -> None:
    heap = Reference()
    users(heap, {"user_id": "u1", "plan": "team", "seats": 3})
    heap.sync_users([{"id": "u1", "ends": date(2026, 12, 1)}], identity="id", properties={"Ends": "ends"})
    assert heap.users == {"u1": {"Plan": "team", "seats": 3, "Ends": "2026-12-01"}}


def test_accounts_are_kept_apart_from_users() -> None:
    heap = Reference()
    heap.sync_accounts([{"account": 7, "arr": Decimal("1.50")}], account_id="account", properties={"ARR": "arr"})
    assert (heap.accounts, heap.users) == ({"7": {"ARR": Decimal("1.50")}}, {})


@pytest.mark.parametrize(
    ("identity", "reason"),
    [
        (None, "null_identity"),
        ("", "blank_identity"),
        (" \t", "blank_identity"),
        ("undefined", "placeholder_identity"),
        (" NULL ", "placeholder_identity"),
        ("[object Object]", "placeholder_identity"),
        ("x" * 256, "long_identity"),
    ],
)
def test_broken_identity_is_rejected_at_every_sync(identity: str | None, reason: str) -> None:
    heap = Reference()
    for _ in range(2):
        assert users(heap, {"user_id": identity, "plan": "team", "seats": 3}) == Sent(0, 0, {reason: 1})
    assert heap.users == {}


def test_identity_of_255_characters_is_stored_unchanged() -> None:
    heap = Reference()
    users(heap, {"user_id": " É" + "x" * 253, "plan": "team", "seats": 3})
    assert list(heap.users) == [" É" + "x" * 253]


def test_all_rows_of_a_repeated_key_are_rejected_and_others_sent() -> None:
    heap = Reference()
    rows = [{"user_id": who, "plan": plan, "seats": 1} for who, plan in (("u1", "a"), ("u1", "b"), ("u2", "c"))]
    assert users(heap, *rows) == Sent(rows=1, properties=2, rejected={"duplicate_key": 2})
    assert list(heap.users) == ["u2"]


def test_row_without_any_value_is_neither_sent_nor_rejected() -> None:
    heap = Reference()
    assert users(heap, {"user_id": None, "plan": None, "seats": None}) == Sent(rows=0, properties=0)


def test_value_that_is_not_a_number_rejects_its_row() -> None:
    heap = Reference()
    assert users(heap, {"user_id": "u1", "plan": "team", "seats": float("nan")}) == Sent(0, 0, {"not_a_number": 1})
    assert heap.users == {}


def test_event_is_inserted_once_and_never_corrected() -> None:
    heap = Reference()
    assert orders(heap, ORDER) == Sent(rows=1, properties=1)
    orders(heap)
    assert orders(heap, ORDER | {"total": Decimal("1.00")}) == Sent(rows=0, properties=0)
    assert heap.events == {
        ("orders", "o1"): {
            "identity": "u1",
            "event": "Order Completed",
            "timestamp": "2026-11-02T08:15:00+00:00",
            "properties": {"Total": Decimal("9.90")},
        }
    }


def test_event_of_an_unknown_identity_creates_a_user() -> None:
    heap = Reference()
    orders(heap, ORDER)
    assert heap.users == {"u1": {}}


def test_key_of_two_columns_distinguishes_rows_by_both() -> None:
    heap = Reference()
    rows = [ORDER | {"line": line} for line in ("1", "2")]
    assert orders(heap, *rows, unique_key=["order_id", "line"]).rows == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"order_id": None}, "null_key"),
        ({"user_id": None}, "null_identity"),
        ({"name": " "}, "blank_event_name"),
        ({"name": "x" * 1025}, "long_event_name"),
        ({"total": b"9"}, "bytes"),
    ],
)
def test_event_without_key_identity_or_name_is_rejected(row: dict[str, Any], reason: str) -> None:
    heap = Reference()
    sent = orders(heap, ORDER | {"name": "Order Completed"} | row, event_name_column="name")
    assert sent == Sent(rows=0, properties=0, rejected={reason: 1})
    assert heap.events == {}


def test_keys_of_a_properties_column_are_spread_and_mapped_properties_win() -> None:
    heap = Reference()
    wide = '{"Total":1,"ratio":0.10,"ok":true,"gone":null,"labels":["a",null,2,false],"screen":{"w":1,"ü":[]}}'
    orders(heap, ORDER | {"wide": wide}, properties_column="wide")
    assert heap.events["orders", "o1"]["properties"] == {
        "Total": Decimal("9.90"),
        "ratio": Decimal("0.10"),
        "ok": "true",
        "labels": "a||2||false",
        "screen": '{"w":1,"ü":[]}',
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (0, 0),
        (2**70, 2**70),
        (0.1, Decimal("0.1")),
        (Decimal("100.00"), Decimal("100.00")),
        ("", ""),
        ("é" * 1023, "é" * 1023),
        ("é" * 1024, "é" * 1023),
        (date(2026, 11, 2), "2026-11-02"),
        (datetime(2026, 11, 2, 8), "2026-11-02T08:00:00+00:00"),
        (datetime(2026, 11, 2, 8, 0, 0, 5, tzinfo=UTC), "2026-11-02T08:00:00.000005+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (["a", {"b": 1}], '["a",{"b":1}]'),
        ({"b": "ü"}, '{"b":"ü"}'),
    ],
)
def test_value_as_heap_takes_it(value: Any, expected: Any) -> None:
    assert heap_value(value) == expected


@pytest.mark.parametrize("value", [float("inf"), Decimal("NaN"), b"x"])
def test_value_heap_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(UnfitError):
        heap_value(value)


def test_exact_distinguishes_numbers_to_the_last_digit() -> None:
    spellings: list[Value] = [Decimal("1.50"), Decimal("1.5"), "1.5"]
    assert len({exact({"x": value})["x"] for value in spellings}) == 3
