"""Declarations compared with the columns in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dbt_heap.syncs.absence import Absence, Why
from dbt_heap.syncs.column_check import Readable, check_columns
from dbt_heap.syncs.columns import ValueClass as V
from tests.unit.declaring import FILE, declared, one

EVENTS = "type: events, identity: user_id, event_name: Paid, unique_key: order_id"
USERS = "type: user_properties, identity: user_id, properties: "


def having(columns: Mapping[str, V], absence: Absence | None = None) -> Readable:
    """A warehouse whose every model has these columns; without any, `absence` says why."""
    missing = absence or (None if columns else Absence(Why.NO_RELATION))
    return Readable(lambda _: columns, lambda _: missing, lambda models, _: [f"grant {len(models)}"])


def reported(document: str, **columns: V) -> list[tuple[str, str]]:
    """Return key and text of mistakes in declarations, given a relation with these columns."""
    mistakes = check_columns(declared(document).syncs, having(columns))
    assert all(each.file == FILE for each in mistakes)
    return [(each.key, each.text) for each in mistakes]


def test_existing_columns_are_accepted() -> None:
    heap = f"{EVENTS}, timestamp: at, properties_column: more, properties: [total]"
    columns = {"user_id": V.INTEGER, "order_id": V.TEXT, "at": V.TIMESTAMP, "more": V.JSON, "total": V.FLOAT}
    assert reported(one(heap), **columns) == []


def test_warehouse_may_spell_names_in_its_own_case() -> None:
    assert reported(one(USERS + "[plan]"), USER_ID=V.TEXT, PLAN=V.TEXT) == []


def test_missing_column_is_reported_with_the_nearest_name() -> None:
    assert reported(one(USERS + "{Plan: plann, Seats: seats}"), user_id=V.TEXT, plan=V.TEXT) == [
        ("meta.heap.properties.Plan", "the relation db.shop.m has no column 'plann'; did you mean `plan`?"),
        ("meta.heap.properties.Seats", "the relation db.shop.m has no column 'seats'"),
    ]


def test_column_mistake_is_reported_where_it_is_declared() -> None:
    columns = "[{name: city, config: {meta: {heap: {b: {property: City}}}}}]"
    heap = f"[{{name: a, {EVENTS}}}, {{name: b, {USERS}[x, {{Plan: plan}}]}}]"
    keys = [key for key, _ in reported(one(heap, columns), other=V.TEXT)]
    assert keys == [
        "meta.heap[1].identity",
        "meta.heap[1].properties[0]",
        "meta.heap[1].properties[1]",
        "columns.city.meta.heap.b.property",
        "meta.heap[0].identity",
        "meta.heap[0].unique_key",
    ]


def test_column_mistake_of_a_star_is_reported_at_the_star() -> None:
    told_of = reported(one(USERS + "'*'", "[{name: plan}]"), user_id=V.TEXT)
    assert told_of == [("meta.heap.properties", "the relation db.shop.m has no column 'plan'")]


def test_invalid_time_of_a_property_is_reported_at_the_property() -> None:
    heap = f"{EVENTS}, properties: {{timestamp: at}}"
    keys = [key for key, _ in reported(one(heap), user_id=V.TEXT, order_id=V.TEXT, at=V.TEXT)]
    assert keys == ["meta.heap.properties.timestamp"]


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("models", "Run `dbt run --select m`"),
        ("snapshots", "Run `dbt snapshot --select m`"),
        ("seeds", "Run `dbt seed --select m`"),
    ],
)
def test_relation_that_was_never_built_is_one_mistake(kind: str, remedy: str) -> None:
    heap = f"[{{name: a, {EVENTS}}}, {{name: b, {USERS}[plan]}}]"
    document = f"{kind}: [{{name: m, config: {{meta: {{heap: {heap}}}}}}}]"
    assert reported(document) == [("", f"db.shop.m is not in the warehouse. {remedy}")]


FLOAT = "whose text is not stable: cast it to an integer, a decimal or text in the model"
NO_TEXT = "which have no text to identify a row by: cast it to text in the model"


@pytest.mark.parametrize(
    ("key", "heap", "value_class", "text"),
    [
        ("identity", USERS + "[plan]", V.FLOAT, f"the column 'c' holds floats, {FLOAT}"),
        ("identity", USERS + "[plan]", V.BYTES, f"the column 'c' holds bytes, {NO_TEXT}"),
        ("identity", USERS + "[plan]", V.ARRAY, f"the column 'c' holds arrays, {NO_TEXT}"),
        ("identity", USERS + "[plan]", V.JSON, f"the column 'c' holds JSON, {NO_TEXT}"),
        ("identity", EVENTS, V.FLOAT, f"the column 'c' holds floats, {FLOAT}"),
        (
            "account_id",
            "type: account_properties, account_id: c, properties: [plan]",
            V.FLOAT,
            f"the column 'c' holds floats, {FLOAT}",
        ),
        ("unique_key", EVENTS.replace("order_id", "[plan, c]"), V.FLOAT, f"the column 'c' holds floats, {FLOAT}"),
        ("unique_key", EVENTS.replace("order_id", "c"), V.BYTES, f"the column 'c' holds bytes, {NO_TEXT}"),
        (
            "event_name_column",
            EVENTS.replace("event_name: Paid", "event_name_column: c"),
            V.JSON,
            f"the column 'c' holds JSON, {NO_TEXT}",
        ),
        (
            "timestamp",
            f"{EVENTS}, timestamp: c, begin: 2026-01-01, lookback: 3 days",
            V.TEXT,
            "the column 'c' holds text, but a date or a timestamp is required: cast it in the model",
        ),
        (
            "properties_column",
            f"{EVENTS}, properties_column: c",
            V.ARRAY,
            "the column 'c' holds arrays, but a JSON object is required: as JSON, a struct, a map or text",
        ),
        (
            "heap_user_id",
            EVENTS.replace("identity: user_id", "heap_user_id: c"),
            V.OTHER,
            "the column 'c' holds values of another type, but the numeric ID of Heap's SDK is required: as an "
            "integer, a decimal or text",
        ),
    ],
)
def test_column_of_a_class_that_its_key_does_not_allow_is_reported(
    key: str, heap: str, value_class: V, text: str
) -> None:
    document = one(heap.replace("identity: user_id", "identity: c") if key == "identity" else heap)
    columns = {"user_id": V.TEXT, "order_id": V.TEXT, "plan": V.TEXT, "c": value_class}
    assert reported(document, **columns) == [(f"meta.heap.{key}", text)]


@pytest.mark.parametrize(
    ("heap", "value_class"),
    [
        (f"{EVENTS}, timestamp: c", V.DATE),
        (f"{EVENTS}, timestamp: c", V.TIMESTAMPTZ),
        (f"{EVENTS}, properties_column: c", V.TEXT),
        (EVENTS.replace("identity: user_id", "heap_user_id: c"), V.DECIMAL),
        (EVENTS.replace("identity: user_id", "identity: c"), V.OTHER),
        (EVENTS.replace("order_id", "c"), V.TIMESTAMP),
        (USERS + "[c]", V.BYTES),
    ],
)
def test_columns_of_other_classes_are_accepted(heap: str, value_class: V) -> None:
    assert reported(one(heap), user_id=V.TEXT, order_id=V.TEXT, c=value_class) == []
