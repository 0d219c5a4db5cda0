"""Every type DuckDB has, and what Heap gets for it: as a property of a user and of an event.

https://duckdb.org/docs/stable/sql/data_types/overview
"""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.values import Case, assert_left_out, assert_rejected, assert_sent

SENT = [
    # boolean
    Case("true", '"true"'),
    Case("false", '"false"'),
    # whole numbers
    Case("(-128)::tinyint", "-128"),
    Case("(-32768)::smallint", "-32768"),
    Case("0::integer", "0"),
    Case("9223372036854775807::bigint", "9223372036854775807"),
    Case("255::utinyint", "255"),
    Case("65535::usmallint", "65535"),
    Case("4294967295::uinteger", "4294967295"),
    Case("18446744073709551615::ubigint", "18446744073709551615"),
    Case("170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727"),
    Case("340282366920938463463374607431768211455::uhugeint", "340282366920938463463374607431768211455"),
    # decimals keep their digits
    Case("129.50::decimal(10, 2)", "129.50"),
    Case("(-0.001)::decimal(5, 3)", "-0.001"),
    Case("12345678901234567890123456789012345678::decimal(38, 0)", "12345678901234567890123456789012345678"),
    Case("0.00000000000000000001::decimal(38, 20)", "0.00000000000000000001"),
    # floats
    Case("0.1::double", "0.1"),
    Case("1e300::double", "1e+300"),
    Case("0.5::float", "0.5"),
    # text
    Case("'team'", '"team"'),
    Case("''", '""'),
    Case("'  kept as it is '", '"  kept as it is "'),
    Case("'quote '' and \" and \\ and é and 🙂'", '"quote \' and \\" and \\\\ and é and 🙂"'),
    Case("'line' || chr(10) || 'break'", '"line\\nbreak"'),
    Case("'x'::char(3)", '"x"'),
    Case("'a'::enum('a', 'b')", '"a"'),
    Case("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"'),
    Case("'101'::bit", '"101"'),
    # dates and times
    Case("date '2026-03-01'", '"2026-03-01"'),
    Case("date '9999-12-31'", '"9999-12-31"'),  # the usual open end of a period
    Case("timestamp '9999-12-30 23:59:59.999999'", '"9999-12-30T23:59:59.999999+00:00"'),
    Case("timestamp '2026-03-01 08:15:00'", '"2026-03-01T08:15:00+00:00"'),
    Case("timestamp '2026-03-01 08:15:00.123456'", '"2026-03-01T08:15:00.123456+00:00"'),
    Case("'2026-03-01 08:15:00'::timestamp_s", '"2026-03-01T08:15:00+00:00"'),
    Case("'2026-03-01 08:15:00.5'::timestamp_ms", '"2026-03-01T08:15:00.500000+00:00"'),
    Case("'2026-03-01 08:15:00.123456789'::timestamp_ns", '"2026-03-01T08:15:00.123456+00:00"'),
    Case("timestamptz '2026-03-01 08:15:00+02'", '"2026-03-01T06:15:00+00:00"'),
    Case("time '08:15:00'", '"08:15:00"'),
    Case("timetz '08:15:00+02'", '"08:15:00+02"'),
    Case("interval '1 day 2 hours'", '"1 day 02:00:00"'),
    # nested
    Case("['a', 'b']", '"[\\"a\\",\\"b\\"]"', '"a||b"'),
    Case("[1, null, 3]", '"[1,null,3]"', '"1||3"'),
    Case("[true, false]", '"[true,false]"', '"true||false"'),
    Case("[1.50::decimal(3, 2)]", '"[1.5]"', '"1.5"'),
    Case("[['a'], ['b', 'c']]", '"[[\\"a\\"],[\\"b\\",\\"c\\"]]"', '"[\\"a\\"]||[\\"b\\",\\"c\\"]"'),
    Case("[1, 2, 3]::integer[3]", '"[1,2,3]"', '"1||2||3"'),
    Case("{'a': 1, 'b': 'x'}", '"{\\"a\\":1,\\"b\\":\\"x\\"}"'),
    Case("map {'k': 1}", '"{\\"k\\":1}"'),
    Case("[{'a': 1}]", '"[{\\"a\\":1}]"', '"{\\"a\\":1}"'),
    Case("""'{"a": [1, 2.50]}'::json""", '"{\\"a\\":[1,2.5]}"'),
    Case("""'"plain"'::json""", '"plain"'),
    Case("'7'::json", "7"),
    Case("'true'::json", '"true"'),
    Case("""'[1, "x"]'::json""", '"[1,\\"x\\"]"', '"1||x"'),
    Case("union_value(number := 5)", '"{\\"number\\":5}"'),
]

REJECTED = [
    ("'nan'::double", "not_a_number"),
    ("'inf'::double", "not_a_number"),
    ("'-inf'::double", "not_a_number"),
    ("'nan'::float", "not_a_number"),
    ("'\\x00'::blob", "bytes"),
    ("''::blob", "bytes"),
    ("'infinity'::date", "date_out_of_range"),
    ("'-infinity'::timestamp", "date_out_of_range"),
    ("'infinity'::timestamptz", "date_out_of_range"),
    ("date '0044-03-15 (BC)'", "date_out_of_range"),
    ("date '10000-01-01'", "date_out_of_range"),
    ("date '12026-03-01'", "date_out_of_range"),
    ("timestamp '12026-03-01 00:00:00'", "date_out_of_range"),
]

# A null of any type is nothing to tell.
NULLS = [
    "boolean", "integer", "hugeint", "decimal(5, 2)", "double", "varchar", "date", "timestamptz", "blob", "json",
    "uuid", "integer[]", "struct(a integer)", "map(varchar, integer)", "interval",
]  # fmt: skip


def test_every_type_reaches_heap_as_the_table_says_and_is_not_sent_again(project: Project, heap: Sandbox) -> None:
    assert_sent(project, heap, SENT)


@pytest.mark.parametrize("case", REJECTED, ids=[sql for sql, _ in REJECTED])
def test_value_that_heap_cannot_hold_rejects_its_row(project: Project, heap: Sandbox, case: tuple[str, str]) -> None:
    assert_rejected(project, heap, [case])


def test_null_of_any_type_is_omitted(project: Project, heap: Sandbox) -> None:
    assert_left_out(project, heap, NULLS)


@pytest.mark.parametrize(
    ("sql", "identity"),
    [
        ("42", "42"),
        ("42::hugeint", "42"),
        ("4.50::decimal(5, 2)", "4.50"),
        ("'Ana'", "Ana"),
        ("' ana '", " ana "),
        ("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("'x'::enum('x')", "x"),
    ],
)
def test_identity_is_the_exact_text_of_its_column(project: Project, heap: Sandbox, sql: str, identity: str) -> None:
    project.table("people", f"select {sql} as user_id, 1 as c0")
    project.declare("people", {"type": "user_properties", "identity": "user_id", "properties": ["c0"]})
    assert project.sync().exit_code == 0
    assert [user["identity"] for user in heap.users()] == [identity]
