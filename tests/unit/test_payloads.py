from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_heap.heap.payload import idempotency_key, payload_builder
from dbt_heap.heap.records import Payload
from dbt_heap.heap.rejects import Reason, Reject
from dbt_heap.project.nodes import Model, Relation
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass
from dbt_heap.syncs.sync import Sync, SyncType

MODEL = Model("model.shop.m", "m", "model", "table", Relation(None, "s", "m"), "m.yml", {})
BERLIN = ZoneInfo("Europe/Berlin")
V = ValueClass
R = Reason


def briefly(value: Any) -> str:
    """A test's name for a value that may be huge."""
    return type(value).__name__ if isinstance(value, int) else ascii(value)[:30]


def column(role: Role, value_class: ValueClass = V.TEXT, name: str | None = None) -> MappedColumn:
    return MappedColumn(role, name or str(role), "c", "t", value_class)


def properties(**classes: ValueClass) -> list[MappedColumn]:
    return [column(Role.PROPERTY, value_class, name) for name, value_class in classes.items()]


def sync(sync_type: SyncType = SyncType.EVENTS, **options: Any) -> Sync:
    if sync_type is SyncType.EVENTS and "heap_user_id" not in options:
        options = {"identity": "who", "event_name": "Paid", "unique_key": ("k",)} | options
    return Sync("s", sync_type, MODEL, "main", {}, **options)


def user(changed: dict[str, tuple[ValueClass, Any]], mask: str | None = None, **options: Any) -> Payload | Reject:
    """Return the record of a user with these properties, or why it is rejected."""
    columns = properties(**{name: value_class for name, (value_class, _) in changed.items()})
    build = payload_builder(sync(SyncType.USER_PROPERTIES, identity="who", **options), columns, "ns")
    return build((1, 0, "ana", mask or "1" * len(columns), *(value for _, value in changed.values())))


def event(
    columns: list[MappedColumn], *values: Any, who: Any = "ana", key: Any = "k", **options: Any
) -> Payload | Reject:
    """Return the record of an event with these values, or why it is rejected."""
    build = payload_builder(sync(**options), [column(Role.SUBJECT), *columns], "ns")
    return build((1, 0, key, None, who, *values))


def written(value_class: ValueClass, value: Any, *, of_event: bool = False, **options: Any) -> bytes | None:
    """The exact bytes Heap gets for one property's value; None where it is left out."""
    made = (
        event(properties(p=value_class), value, **options) if of_event else user({"p": (value_class, value)}, **options)
    )
    assert isinstance(made, Payload), made
    return made.record.split(b'"p":', 1)[1].removesuffix(b"}}") if b'"p":' in made.record else None


UTC = UTC
NEWFOUNDLAND = timezone(-timedelta(hours=3, minutes=30))
BIG = 10**30 + 1
JSON_ESCAPES = 'tab\t "quoted" \\ \x00 é 😀 \u2028'

OBJECT_VALUES: list[tuple[ValueClass, Any, bytes | None]] = [
    (V.BOOLEAN, True, b'"true"'),
    (V.BOOLEAN, False, b'"false"'),
    (V.BOOLEAN, 1, b'"true"'),
    (V.BOOLEAN, None, None),
    (V.INTEGER, 0, b"0"),
    (V.INTEGER, -7, b"-7"),
    (V.INTEGER, 2**53 + 1, b"9007199254740993"),
    (V.INTEGER, 2**64 - 1, b"18446744073709551615"),
    (V.INTEGER, 2**64, b"18446744073709551616"),
    (V.INTEGER, -(2**63) - 1, b"-9223372036854775809"),
    (V.INTEGER, BIG, b"1000000000000000000000000000001"),
    (V.INTEGER, Decimal("42"), b"42"),
    (V.INTEGER, Decimal("1E+3"), b"1000"),
    (V.DECIMAL, Decimal("12.50"), b"12.50"),
    (V.DECIMAL, Decimal("-0"), b"-0"),
    (V.DECIMAL, Decimal("-0.00"), b"-0.00"),
    (V.DECIMAL, Decimal("0E-10"), b"0.0000000000"),
    (V.DECIMAL, Decimal("1E-7"), b"0.0000001"),
    (V.DECIMAL, Decimal("1E+20"), b"100000000000000000000"),
    (V.DECIMAL, Decimal("0.1234567890123456789012345678"), b"0.1234567890123456789012345678"),
    (V.DECIMAL, Decimal("99999999999999999999999999999999999999"), b"99999999999999999999999999999999999999"),
    (V.DECIMAL, 3, b"3"),
    (V.DECIMAL, 0.5, b"0.5"),
    (V.FLOAT, 0.1, b"0.1"),
    (V.FLOAT, -0.0, b"-0.0"),
    (V.FLOAT, 3.0, b"3.0"),
    (V.FLOAT, 5e-324, b"5e-324"),
    (V.FLOAT, 1.7976931348623157e308, b"1.7976931348623157e+308"),
    (V.FLOAT, 7, b"7"),
    (V.TEXT, "team", b'"team"'),
    (V.TEXT, "", b'""'),
    (V.TEXT, "0", b'"0"'),
    (V.TEXT, JSON_ESCAPES, '"tab\\t \\"quoted\\" \\\\ \\u0000 é 😀 \u2028"'.encode()),
    (V.DATE, date(2026, 3, 1), b'"2026-03-01"'),
    (V.DATE, date(1, 1, 1), b'"0001-01-01"'),
    (V.DATE, datetime(2026, 3, 1, 23, 59), b'"2026-03-01"'),
    (V.TIMESTAMP, datetime(2026, 3, 1, 8, 15), b'"2026-03-01T08:15:00+00:00"'),
    (V.TIMESTAMP, datetime(2026, 3, 1, 8, 15, 0, 5), b'"2026-03-01T08:15:00.000005+00:00"'),
    (V.TIMESTAMP, datetime(2026, 3, 1, 8, 15, tzinfo=BERLIN), b'"2026-03-01T08:15:00+01:00"'),
    (V.TIMESTAMPTZ, datetime(2026, 7, 1, tzinfo=NEWFOUNDLAND), b'"2026-07-01T00:00:00-03:30"'),
    (V.TIMESTAMPTZ, datetime(2026, 7, 1), b'"2026-07-01T00:00:00+00:00"'),
    (V.TIMESTAMPTZ, datetime(1850, 1, 1, tzinfo=BERLIN), b'"1849-12-31T23:06:32+00:00"'),
    (V.TIMESTAMP, datetime(1, 1, 1), b'"0001-01-01T00:00:00+00:00"'),
    (V.OTHER, "12:30:00", b'"12:30:00"'),
    (V.ARRAY, '["a","b"]', b'"[\\"a\\",\\"b\\"]"'),
    (V.ARRAY, "[]", b'"[]"'),
    (V.JSON, '{"b": 2.10, "a": 1}', b'"{\\"a\\":1,\\"b\\":2.1}"'),
    (V.JSON, ' {"a":1}', b'"{\\"a\\":1}"'),
    (V.JSON, "[1, 2.0, 3.50e2, 100]", b'"[1,2,3.5e2,100]"'),
    (V.JSON, '"x"', b'"x"'),
    (V.JSON, '"{}"', b'"{}"'),
    (V.JSON, "12.50", b"12.50"),
    (V.JSON, "-1e-7", b"-1e-7"),
    (V.JSON, "123456789012345678901234567890", b"123456789012345678901234567890"),
    (V.JSON, "true", b'"true"'),
    (V.JSON, "false", b'"false"'),
    (V.JSON, "null", None),
    (V.JSON, " null ", None),
]  # fmt: skip

EVENT_VALUES: list[tuple[ValueClass, Any, bytes | None]] = [
    (V.BOOLEAN, True, b'"true"'),
    (V.DECIMAL, Decimal("12.50"), b"12.50"),
    (V.TEXT, None, None),
    (V.ARRAY, '["a","b c"]', b'"a||b c"'),
    (V.ARRAY, '["a",null,"","b"]', b'"a||||b"'),
    (V.ARRAY, "[1, 2.50, -0, 1e3, 123456789012345678901]", b'"1||2.5||-0||1e3||123456789012345678901"'),
    (V.ARRAY, "[true, false, null]", b'"true||false"'),
    (V.ARRAY, '[{"a": 1.10, "b": [true, null]}, [1, "x"]]', rb'"{\"a\":1.1,\"b\":[true,null]}||[1,\"x\"]"'),
    (V.ARRAY, "[]", b'""'),
    (V.ARRAY, "[null]", b'""'),
    (V.ARRAY, "null", None),
    (V.JSON, '["a", 1]', b'"a||1"'),
    (V.JSON, '{"a": [1]}', b'"{\\"a\\":[1]}"'),
    (V.JSON, '"x"', b'"x"'),
    (V.JSON, "7", b"7"),
    (V.JSON, "null", None),
]


@pytest.mark.parametrize(("value_class", "value", "expected"), OBJECT_VALUES)
def test_value_of_a_user_as_heap_receives_it(value_class: ValueClass, value: Any, expected: bytes | None) -> None:
    assert written(value_class, value) == expected


@pytest.mark.parametrize(("value_class", "value", "expected"), EVENT_VALUES)
def test_value_of_an_event_as_heap_receives_it(value_class: ValueClass, value: Any, expected: bytes | None) -> None:
    assert written(value_class, value, of_event=True) == expected


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("value_class", "value", "reason"),
    [
        (V.BOOLEAN, "false", R.WRONG_TYPE), (V.BOOLEAN, 2, R.WRONG_TYPE), (V.BOOLEAN, [], R.WRONG_TYPE),
        (V.BOOLEAN, float("nan"), R.WRONG_TYPE),
        (V.INTEGER, True, R.WRONG_TYPE), (V.INTEGER, "7", R.WRONG_TYPE), (V.INTEGER, 10**5_000, R.LONG_NUMBER),
        (V.INTEGER, -(10**1_023), R.LONG_NUMBER), (V.INTEGER, b"7", R.WRONG_TYPE),
        (V.DECIMAL, Decimal("NaN"), R.NOT_A_NUMBER), (V.DECIMAL, Decimal("sNaN"), R.NOT_A_NUMBER),
        (V.DECIMAL, Decimal("Infinity"), R.NOT_A_NUMBER), (V.DECIMAL, Decimal("-Infinity"), R.NOT_A_NUMBER),
        (V.DECIMAL, Decimal("1E+999999999"), R.LONG_NUMBER), (V.DECIMAL, Decimal("1E-999999999"), R.LONG_NUMBER),
        (V.DECIMAL, Decimal("0E-999999999"), R.LONG_NUMBER), (V.DECIMAL, Decimal("1E+1023"), R.LONG_NUMBER),
        (V.DECIMAL, Decimal("1" * 1_024), R.LONG_NUMBER), (V.DECIMAL, "1.5", R.WRONG_TYPE),
        (V.DECIMAL, 1j, R.WRONG_TYPE), (V.DECIMAL, True, R.WRONG_TYPE),
        (V.FLOAT, float("nan"), R.NOT_A_NUMBER), (V.FLOAT, float("inf"), R.NOT_A_NUMBER),
        (V.FLOAT, float("-inf"), R.NOT_A_NUMBER), (V.FLOAT, "nan", R.WRONG_TYPE), (V.FLOAT, False, R.WRONG_TYPE),
        (V.TEXT, 7, R.WRONG_TYPE), (V.TEXT, True, R.WRONG_TYPE), (V.TEXT, b"x", R.WRONG_TYPE),
        (V.TEXT, {"a": 1}, R.WRONG_TYPE), (V.TEXT, ["a"], R.WRONG_TYPE), (V.TEXT, float("nan"), R.WRONG_TYPE),
        (V.TEXT, "\ud800", R.BROKEN_TEXT), (V.TEXT, "a\udfffb", R.BROKEN_TEXT), (V.OTHER, "\ud83d", R.BROKEN_TEXT),
        (V.OTHER, uuid.UUID(int=1), R.WRONG_TYPE), (V.OTHER, timedelta(1), R.WRONG_TYPE),
        (V.DATE, "2026-03-01", R.WRONG_TYPE), (V.DATE, 20_260_301, R.WRONG_TYPE),
        (V.TIMESTAMP, "2026-03-01T00:00:00", R.WRONG_TYPE), (V.TIMESTAMP, date(2026, 3, 1), R.WRONG_TYPE),
        (V.TIMESTAMP, 1_772_000_000, R.WRONG_TYPE), (V.TIMESTAMPTZ, Ellipsis, R.WRONG_TYPE),
        (V.TIMESTAMPTZ, datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), R.DATE_OUT_OF_RANGE),
        (V.JSON, "", R.INVALID_JSON), (V.JSON, "nil", R.INVALID_JSON), (V.JSON, '"open', R.INVALID_JSON),
        (V.JSON, "1 2", R.INVALID_JSON), (V.JSON, "NaN", R.NOT_A_NUMBER), (V.JSON, "-Infinity", R.NOT_A_NUMBER),
        (V.JSON, "1e999", R.NOT_A_NUMBER), (V.JSON, "1" * 5_000, R.LONG_NUMBER), (V.JSON, '"\\ud800"', R.BROKEN_TEXT),
        (V.JSON, {"a": 1}, R.WRONG_TYPE), (V.JSON, 1, R.WRONG_TYPE), (V.ARRAY, ["a"], R.WRONG_TYPE),
        (V.BYTES, b"\x00", R.BYTES), (V.BYTES, "bytes", R.BYTES),
    ],
    ids=briefly,
)  # fmt: skip
def test_value_that_cannot_be_sent_is_a_reject_that_names_its_property(
    value_class: ValueClass, value: Any, reason: Reason
) -> None:
    assert user({"fine": (V.TEXT, "x"), "p": (value_class, value)}) == Reject(1, reason, "p")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (DEEP, R.INVALID_JSON), ('["a"', R.INVALID_JSON), ("[NaN]", R.NOT_A_NUMBER), ('["\\ud800"]', R.BROKEN_TEXT),
        ('[{"a": "\\ud800"}]', R.INVALID_JSON), ("[" * 300 + "]" * 300, R.INVALID_JSON), (("[1]",), R.WRONG_TYPE),
    ],
    ids=briefly,
)  # fmt: skip
def test_event_array_that_cannot_be_joined_is_rejected(value: Any, reason: Reason) -> None:
    assert event(properties(p=V.ARRAY), value) == Reject(1, reason, "p")


@settings(deadline=None)
@given(
    value_class=st.sampled_from(list(V)),
    value=st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(st.characters()), st.binary(),
        st.dates(), st.datetimes(), st.datetimes(timezones=st.timezones()), st.times(), st.timedeltas(),
        st.complex_numbers(), st.lists(st.integers()), st.uuids(), st.sampled_from(["[", "{", "[1,", '"', "1e", DEEP]),
    ),
    of_event=st.booleans(),
)  # fmt: skip
def test_no_value_raises(value_class: ValueClass, value: Any, of_event: bool) -> None:
    columns = properties(p=value_class)
    made = event(columns, value) if of_event else user({"p": (value_class, value)})
    if isinstance(made, Payload):
        sent = orjson.loads(made.record).get("properties", {})
        assert all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in sent.values())
        assert all(len(each) <= 1_023 for each in sent.values() if isinstance(each, str))
    else:
        assert made.property == "p"


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=10) | st.integers())
def test_no_digit_of_a_number_is_lost(value: Decimal | int) -> None:
    text = written(V.DECIMAL, value)
    assert text is not None
    assert Decimal(text.decode()) == value
    assert b"e" not in text.lower()


def test_text_over_heaps_limit_is_cut_and_counted() -> None:
    long = "ä" * 1_024
    made = user({"a": (V.TEXT, long), "b": (V.TEXT, long[:1_023]), "c": (V.JSON, '{"a":"' + long + '"}')})
    assert isinstance(made, Payload)
    sent = orjson.loads(made.record)["properties"]
    assert {name: len(text) for name, text in sent.items()} == {"a": 1_023, "b": 1_023, "c": 1_023}
    assert made.cut == 2


def test_joined_array_over_heaps_limit_is_cut_and_counted() -> None:
    made = event(properties(p=V.ARRAY), "[" + ",".join(["12345678"] * 200) + "]")
    assert isinstance(made, Payload)
    assert (len(orjson.loads(made.record)["properties"]["p"]), made.cut) == (1_023, 1)


def test_text_over_heaps_limit_is_rejected_if_the_sync_says_so() -> None:
    long = "x" * 1_024
    assert user({"a": (V.TEXT, "x"), "b": (V.TEXT, long)}, reject_too_long=True) == Reject(1, R.TOO_LONG, "b")
    assert event([column(Role.PROPERTIES, V.JSON)], '{"a":"' + long + '"}', reject_too_long=True) == Reject(
        1, R.TOO_LONG, "properties"
    )


def test_only_changed_properties_are_sent() -> None:
    made = user({"a": (V.TEXT, "1"), "b": (V.TEXT, "2"), "c": (V.TEXT, "3")}, mask="101")
    assert made == Payload(1, b'{"identity":"ana","properties":{"a":"1","c":"3"}}', 0)


def test_unchanged_bad_value_does_not_block_other_changes() -> None:
    made = user({"a": (V.TEXT, "1"), "b": (V.FLOAT, float("nan"))}, mask="10")
    assert made == Payload(1, b'{"identity":"ana","properties":{"a":"1"}}', 0)


def test_mask_of_another_length_raises() -> None:
    with pytest.raises(ValueError, match="zip"):
        user({"a": (V.TEXT, "1"), "b": (V.TEXT, "2")}, mask="1")


def test_changed_null_is_left_out_or_sent_as_a_blank() -> None:
    values = {"a": (V.INTEGER, None), "b": (V.JSON, "null"), "c": (V.TEXT, None), "d": (V.TEXT, "x")}
    assert user(values, mask="1101") == Payload(1, b'{"identity":"ana","properties":{"d":"x"}}', 0)
    assert user(values, mask="1101", blank_nulls=True) == Payload(
        1, b'{"identity":"ana","properties":{"a":"","b":"","d":"x"}}', 0
    )


def test_user_with_nothing_but_nulls_is_still_a_user() -> None:
    assert user({"a": (V.TEXT, None)}) == Payload(1, b'{"identity":"ana","properties":{}}', 0)


def test_account_has_its_account_id() -> None:
    build = payload_builder(sync(SyncType.ACCOUNT_PROPERTIES, account_id="a"), properties(Tier=V.TEXT), "ns")
    assert build((9, 0, "acct-9", "1", "gold")) == Payload(
        9, b'{"account_id":"acct-9","properties":{"Tier":"gold"}}', 0
    )


IDENTITIES: list[tuple[Any, Reason]] = [
    (None, R.NULL_IDENTITY), ("", R.BLANK_IDENTITY), (" \t\n\u00a0", R.BLANK_IDENTITY), ("x" * 256, R.LONG_IDENTITY),
    ("null", R.PLACEHOLDER_IDENTITY), (" Undefined ", R.PLACEHOLDER_IDENTITY), ("NaN", R.PLACEHOLDER_IDENTITY),
    (7, R.WRONG_TYPE), (b"ana", R.WRONG_TYPE), ("a\ud800", R.BROKEN_TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("who", "reason"), IDENTITIES)
def test_identity_that_heap_must_not_get_is_rejected(who: Any, reason: Reason) -> None:
    assert event([], who=who) == Reject(1, reason)
    build = payload_builder(sync(SyncType.USER_PROPERTIES, identity="who"), [], "ns")
    assert build((1, 0, who, "")) == Reject(1, reason)


@pytest.mark.parametrize("who", ["0", "x" * 255, " ana ", "Ana@Example.org", "ÅSE", "😀", "null0"])
def test_identity_is_sent_exactly_as_it_is(who: str) -> None:
    made = event([], who=who)
    assert isinstance(made, Payload)
    assert orjson.loads(made.record)["identity"] == who


@pytest.mark.parametrize("number", ["0", "7", "1847000000000001", "9007199254740991"])
def test_heap_user_id_is_the_text_of_a_number(number: str) -> None:
    made = event([], who=number, heap_user_id="u", event_name="Paid")
    assert isinstance(made, Payload)
    assert orjson.loads(made.record)["user_id"] == number


@pytest.mark.parametrize(
    "number",
    ["", "-1", "1.0", "007", "9007199254740992", "99999999999999999999", "ana", "1e3", " 1", "\u0661", "1\n", 7],
)
def test_invalid_heap_user_id_is_rejected(number: Any) -> None:
    made = event([], who=number, heap_user_id="u", event_name="Paid")
    assert made == Reject(1, R.WRONG_TYPE if number == 7 else R.INVALID_USER_ID)


def test_event_has_what_is_declared_and_nothing_else() -> None:
    columns = [
        column(Role.TIMESTAMP, V.TIMESTAMP), column(Role.SESSION_ID), column(Role.IDEMPOTENCY_KEY),
        *properties(Total=V.DECIMAL, Note=V.TEXT),
    ]  # fmt: skip
    made = event(columns, datetime(2026, 3, 1, 8, 15), "s-1", "inv-7781-paid", Decimal("129.50"), None)
    assert made == Payload(
        1,
        b'{"event":"Paid","identity":"ana","timestamp":"2026-03-01T08:15:00+00:00","session_id":"s-1",'
        b'"idempotency_key":"inv-7781-paid","properties":{"Total":129.50}}',
        0,
    )


def test_event_without_values_has_no_properties() -> None:
    made = event([column(Role.TIMESTAMP, V.TIMESTAMP), *properties(p=V.TEXT)], None, None)
    key = idempotency_key("ns", "k").encode()
    assert made == Payload(1, b'{"event":"Paid","identity":"ana","idempotency_key":"%b"}' % key, 0)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Seat Added", "Seat Added"), ("x" * 1_024, "x" * 1_024), ("x" * 1_025, R.LONG_EVENT_NAME),
        (None, R.BLANK_EVENT_NAME), ("  ", R.BLANK_EVENT_NAME), (5, R.WRONG_TYPE), ("\ud800", R.BROKEN_TEXT),
    ],
)  # fmt: skip
def test_events_name_may_come_from_a_column(name: Any, made: str | Reason) -> None:
    built = event([column(Role.EVENT)], name, event_name=None, event_name_column="e")
    if isinstance(made, Reason):
        assert built == Reject(1, made)
    else:
        assert isinstance(built, Payload)
        assert orjson.loads(built.record)["event"] == made


@pytest.mark.parametrize(
    ("value_class", "at", "expected"),
    [
        (V.TIMESTAMP, datetime(2026, 3, 1, 8, 15), "2026-03-01T08:15:00+01:00"),
        (V.TIMESTAMP, datetime(2026, 7, 1, 8, 15), "2026-07-01T08:15:00+02:00"),
        (V.TIMESTAMP, datetime(2026, 10, 25, 2, 30, fold=1), "2026-10-25T02:30:00+01:00"),
        (V.TIMESTAMPTZ, datetime(2026, 3, 1, 8, 15, tzinfo=UTC), "2026-03-01T08:15:00+00:00"),
        (V.DATE, date(2026, 3, 1), "2026-03-01T00:00:00+01:00"),
        (V.TIMESTAMP, datetime(1850, 1, 1), "1849-12-31T23:06:32+00:00"),
    ],
)
def test_events_time_always_has_an_offset(value_class: ValueClass, at: Any, expected: str) -> None:
    made = event([column(Role.TIMESTAMP, value_class)], at, timezone="Europe/Berlin")
    assert isinstance(made, Payload)
    assert orjson.loads(made.record)["timestamp"] == expected


def test_property_without_a_time_zone_uses_the_syncs_zone() -> None:
    assert written(V.TIMESTAMP, datetime(2026, 7, 1), timezone="Europe/Berlin") == b'"2026-07-01T00:00:00+02:00"'


@pytest.mark.parametrize("at", ["2026-03-01", 1_772_000_000_000, float("nan")])
def test_invalid_event_time_is_rejected(at: Any) -> None:
    assert event([column(Role.TIMESTAMP, V.TIMESTAMP)], at) == Reject(1, R.WRONG_TYPE)


def test_blank_session_is_omitted_and_blank_idempotency_key_rejected() -> None:
    made = event([column(Role.SESSION_ID)], " ")
    assert isinstance(made, Payload)
    assert "session_id" not in orjson.loads(made.record)
    assert event([column(Role.IDEMPOTENCY_KEY)], " ") == Reject(1, R.BLANK_IDEMPOTENCY_KEY)


def test_null_idempotency_key_is_replaced_by_a_generated_one() -> None:
    assert event([column(Role.IDEMPOTENCY_KEY)], None) == event([])


@pytest.mark.parametrize(("key", "reason"), [(None, R.NULL_KEY), (7, R.WRONG_TYPE), ("\ud800", R.BROKEN_TEXT)])
def test_event_without_a_usable_key_is_rejected(key: Any, reason: Reason) -> None:
    assert event([], key=key) == Reject(1, reason)


def test_idempotency_key_never_changes_between_versions() -> None:
    assert idempotency_key("shop.orders", "order-1") == "k1:8574ebec1daaa248e069d73059f5692c"


def test_idempotency_keys_differ_even_if_their_joined_texts_match() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("a1:", "b"), ("a", "1:b"), ("a", "b"), ("b", "a")]
    assert len({idempotency_key(*pair) for pair in pairs}) == len(pairs)


def spread(text: Any) -> Payload | Reject:
    columns = [column(Role.PROPERTIES, V.JSON), *properties(plan=V.TEXT, gone=V.TEXT)]
    return event(columns, text, "team", None)


def test_keys_of_a_properties_column_become_properties() -> None:
    made = spread('{"a": 1.50, "b": "x", "c": true, "d": [1, "y", null], "e": {"f": [2.0]}, "g": null, "h": ""}')
    assert isinstance(made, Payload)
    assert made.record.endswith(
        rb'"properties":{"a":1.50,"b":"x","c":"true","d":"1||y","e":"{\"f\":[2]}","h":"","plan":"team"}}'
    )


def test_mapped_property_owns_its_name_also_when_it_is_null() -> None:
    made = spread('{"plan": "free", "gone": "still here"}')
    assert isinstance(made, Payload)
    assert orjson.loads(made.record)["properties"] == {"plan": "team"}


@pytest.mark.parametrize("text", [None, "null", "{}", '{"id": null}'])
def test_properties_column_may_be_empty(text: str | None) -> None:
    made = spread(text)
    assert isinstance(made, Payload)
    assert orjson.loads(made.record)["properties"] == {"plan": "team"}


def test_long_values_of_a_properties_column_are_cut_and_counted() -> None:
    made = spread('{"a": "' + "x" * 2_000 + '"}')
    assert isinstance(made, Payload)
    assert (len(orjson.loads(made.record)["properties"]["a"]), made.cut) == (1_023, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[1]", R.NOT_AN_OBJECT), ('"x"', R.NOT_AN_OBJECT), ("7", R.NOT_AN_OBJECT), ("{", R.INVALID_JSON),
        ("", R.INVALID_JSON), ({"a": 1}, R.WRONG_TYPE), ('{"Id": 1}', R.RESERVED_PROPERTY),
        ('{"USER_ID": 1}', R.RESERVED_PROPERTY), ('{" ": 1}', R.BLANK_PROPERTY), ('{"": 1}', R.BLANK_PROPERTY),
        ('{"' + "x" * 1_024 + '": 1}', R.LONG_PROPERTY), ('{"a": NaN}', R.NOT_A_NUMBER),
        ('{"a": ' + DEEP + "}", R.INVALID_JSON),
    ],
    ids=briefly,
)  # fmt: skip
def test_invalid_properties_column_is_rejected(text: Any, reason: Reason) -> None:
    assert spread(text) == Reject(1, reason, "properties")


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '{"\\ud800": "a"}', '{"a": {"b": "\\ud800"}}'])
def test_property_name_that_came_with_the_row_is_not_shown(text: str) -> None:
    made = spread(text)
    assert isinstance(made, Reject)
    assert made.reason in (R.BROKEN_TEXT, R.INVALID_JSON)
    assert made.property in (None, "properties")


def test_every_reason_has_a_word_and_a_sentence() -> None:
    for reason in Reason:
        assert str(reason) == reason == reason.value
        assert reason.value.replace("_", "").islower()
        assert reason.sentence.endswith(".")


def test_every_reason_is_documented_in_the_words_people_see() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "values.md").read_text(encoding="utf-8")
    assert [f"| `{reason}` | {reason.sentence} |" in page for reason in Reason] == [True] * len(Reason)
