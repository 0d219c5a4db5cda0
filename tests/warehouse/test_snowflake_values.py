"""Every kind of type Snowflake has, and what Heap gets for it: the same as from any warehouse where the meaning is.

https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
"""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.values import Case, assert_left_out, assert_rejected, assert_sent
from tests.warehouses import on_each

pytestmark = [on_each, pytest.mark.parametrize("engine", ["snowflake"], indirect=True)]

SENT = [
    Case("true", '"true"'),
    Case("false", '"false"'),
    # numbers
    Case("0::number(38, 0)", "0"),
    Case("9223372036854775807::number(38, 0)", "9223372036854775807"),
    Case("129.50::number(10, 2)", "129.50"),
    Case("(-0.001)::number(5, 3)", "-0.001"),
    Case("0.1::float", "0.1"),
    # text
    Case("'team'::varchar", '"team"'),
    Case("'team'::varchar(10)", '"team"'),
    Case("''::varchar", '""'),
    Case("'quote '' and é and 🙂'::varchar", '"quote \' and é and 🙂"'),
    # dates and times
    Case("'2026-03-01'::date", '"2026-03-01"'),
    Case("'2026-03-01 08:15:00'::timestamp_ntz", '"2026-03-01T08:15:00+00:00"'),
    Case("'2026-03-01 08:15:00.123456'::timestamp_ntz", '"2026-03-01T08:15:00.123456+00:00"'),
    Case("'2026-03-01 08:15:00 +0200'::timestamp_tz", '"2026-03-01T06:15:00+00:00"'),
    Case("'08:15:00'::time", '"08:15:00"'),
    # nested
    Case("array_construct('a', 'b')", '"[\\"a\\",\\"b\\"]"', '"a||b"'),
    Case("parse_json('[1, null, 3]')", '"[1,null,3]"', '"1||3"'),
    Case("object_construct('b', 'x', 'a', 1)", '"{\\"a\\":1,\\"b\\":\\"x\\"}"'),
    Case("""parse_json('{"a": [1, 2.50]}')""", '"{\\"a\\":[1,2.5]}"'),
    Case("""parse_json('"plain"')""", '"plain"'),
    Case("parse_json('7')", "7"),
    Case("parse_json('true')", '"true"'),
]

REJECTED = [
    ("'nan'::float", "not_a_number"),
    ("'inf'::float", "not_a_number"),
    ("to_binary('00', 'HEX')", "bytes"),
]

NULLS = [
    "boolean",
    "number(38, 0)",
    "number(5, 2)",
    "float",
    "varchar",
    "date",
    "timestamp_ntz",
    "timestamp_tz",
    "binary",
    "variant",
]


def test_every_type_reaches_heap_as_the_table_says_and_is_not_sent_again(project: Project, heap: Sandbox) -> None:
    assert_sent(project, heap, SENT)


@pytest.mark.parametrize(("sql", "reason"), REJECTED, ids=[sql for sql, _ in REJECTED])
def test_value_that_heap_cannot_hold_rejects_its_row(project: Project, heap: Sandbox, sql: str, reason: str) -> None:
    assert_rejected(project, heap, [(sql, reason)])


def test_null_of_any_type_is_omitted(project: Project, heap: Sandbox) -> None:
    assert_left_out(project, heap, NULLS)
