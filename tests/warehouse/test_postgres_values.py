"""Every kind of type Postgres has, and what Heap gets for it: the same as from any warehouse where the meaning is.

https://www.postgresql.org/docs/current/datatype.html
"""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.values import Case, assert_left_out, assert_rejected, assert_sent

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)

SENT = [
    Case("true", '"true"'),
    Case("false", '"false"'),
    # numbers
    Case("(-32768)::smallint", "-32768"),
    Case("0::integer", "0"),
    Case("9223372036854775807::bigint", "9223372036854775807"),
    Case("129.50::numeric(10, 2)", "129.50"),
    Case("0.00000000000000000001::numeric", "0.00000000000000000001"),
    Case(
        "12345678901234567890123456789012345678901234567890.5", "12345678901234567890123456789012345678901234567890.5"
    ),
    Case("0.1::double precision", "0.1"),
    Case("1e300::double precision", "1e+300"),
    Case("0.5::real", "0.5"),
    # text
    Case("'team'::text", '"team"'),
    Case("'team'::varchar(10)", '"team"'),
    Case("'x'::char(3)", '"x"'),
    Case("''::text", '""'),
    Case("'quote '' and \" and \\ and é and 🙂'::text", '"quote \' and \\" and \\\\ and é and 🙂"'),
    Case("'name'::name", '"name"'),
    Case("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid", '"6ba7b810-9dad-11d1-80b4-00c04fd430c8"'),
    Case("b'101'", '"101"'),
    Case("'10.1.2.3'::inet", '"10.1.2.3/32"'),
    Case("'[1,5)'::int4range", '"[1,5)"'),
    Case("'12.50'::money", '"$12.50"'),
    # dates and times
    Case("date '2026-03-01'", '"2026-03-01"'),
    Case("date '9999-12-31'", '"9999-12-31"'),
    Case("timestamp '9999-12-30 23:59:59.999999'", '"9999-12-30T23:59:59.999999+00:00"'),
    Case("timestamp '2026-03-01 08:15:00'", '"2026-03-01T08:15:00+00:00"'),
    Case("timestamp '2026-03-01 08:15:00.123456'", '"2026-03-01T08:15:00.123456+00:00"'),
    Case("timestamp(0) '2026-03-01 08:15:00.4'", '"2026-03-01T08:15:00+00:00"'),
    Case("timestamptz '2026-03-01 08:15:00+02'", '"2026-03-01T06:15:00+00:00"'),
    Case("time '08:15:00'", '"08:15:00"'),
    Case("timetz '08:15:00+02'", '"08:15:00+02"'),
    Case("interval '1 day 2 hours'", '"1 day 02:00:00"'),
    # nested
    Case("array['a', 'b']", '"[\\"a\\",\\"b\\"]"', '"a||b"'),
    Case("array[1, null, 3]", '"[1,null,3]"', '"1||3"'),
    Case("array[true, false]", '"[true,false]"', '"true||false"'),
    Case("array[1.50::numeric(3, 2)]", '"[1.5]"', '"1.5"'),
    Case(
        "array[['a', 'b'], ['c', 'd']]",
        '"[[\\"a\\",\\"b\\"],[\\"c\\",\\"d\\"]]"',
        '"[\\"a\\",\\"b\\"]||[\\"c\\",\\"d\\"]"',
    ),
    Case("array['{\"a\": 1}'::jsonb]", '"[{\\"a\\":1}]"', '"{\\"a\\":1}"'),
    Case("""'{"a": [1, 2.50]}'::jsonb""", '"{\\"a\\":[1,2.5]}"'),
    Case("""'{"a": [1, 2.50]}'::json""", '"{\\"a\\":[1,2.5]}"'),
    Case("""'"plain"'::jsonb""", '"plain"'),
    Case("'7'::jsonb", "7"),
    Case("'true'::json", '"true"'),
    Case("""'[1, "x"]'::jsonb""", '"[1,\\"x\\"]"', '"1||x"'),
]

REJECTED = [
    ("'nan'::double precision", "not_a_number"),
    ("'-infinity'::real", "not_a_number"),
    ("'nan'::numeric", "not_a_number"),
    ("'infinity'::numeric", "not_a_number"),
    ("'\\x00'::bytea", "bytes"),
    ("'infinity'::date", "date_out_of_range"),
    ("'-infinity'::timestamp", "date_out_of_range"),
    ("'infinity'::timestamptz", "date_out_of_range"),
    ("date '0044-03-15 BC'", "date_out_of_range"),
    ("date '10000-01-01'", "date_out_of_range"),
    ("timestamp '12026-03-01 00:00:00'", "date_out_of_range"),
]

NULLS = [
    "boolean", "integer", "numeric(5, 2)", "numeric", "double precision", "text", "char(3)", "date", "timestamptz",
    "bytea", "json", "jsonb", "uuid", "integer[]", "interval", "int4range",
]  # fmt: skip


def test_every_type_reaches_heap_as_the_table_says_and_is_not_sent_again(project: Project, heap: Sandbox) -> None:
    assert_sent(project, heap, SENT)


@pytest.mark.parametrize("case", REJECTED, ids=[sql for sql, _ in REJECTED])
def test_value_that_heap_cannot_hold_rejects_its_row(project: Project, heap: Sandbox, case: tuple[str, str]) -> None:
    assert_rejected(project, heap, [case])


def test_null_of_any_type_is_omitted(project: Project, heap: Sandbox) -> None:
    assert_left_out(project, heap, NULLS)
