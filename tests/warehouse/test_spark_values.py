"""Every kind of type Spark has, and what Heap gets for it: the same as from any warehouse where the meaning is.

https://spark.apache.org/docs/latest/sql-ref-datatypes.html
"""

from __future__ import annotations

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.values import Case, assert_left_out, assert_rejected, assert_sent

pytestmark = pytest.mark.parametrize("engine", ["spark"], indirect=True)

SENT = [
    Case("true", '"true"'),
    Case("false", '"false"'),
    # numbers
    Case("cast(-128 as tinyint)", "-128"),
    Case("cast(-32768 as smallint)", "-32768"),
    Case("0", "0"),
    Case("9223372036854775807", "9223372036854775807"),
    Case("cast(129.50 as decimal(10, 2))", "129.50"),
    Case("cast('12345678901234567890123456789012345678' as decimal(38, 0))", "12345678901234567890123456789012345678"),
    Case("cast('-0.0000012' as decimal(38, 7))", "-0.0000012"),
    Case("cast(0.1 as double)", "0.1"),
    Case("cast(1e300 as double)", "1e+300"),
    Case("cast(0.5 as float)", "0.5"),
    # text
    Case("'team'", '"team"'),
    Case("cast('team' as varchar(10))", '"team"'),
    Case("''", '""'),
    Case("'quote \\' and é and 🙂'", '"quote \' and é and 🙂"'),
    # dates and times
    Case("date '2026-03-01'", '"2026-03-01"'),
    Case("date '9999-12-31'", '"9999-12-31"'),
    Case("timestamp_ntz '2026-03-01 08:15:00.123456'", '"2026-03-01T08:15:00.123456+00:00"'),
    Case("timestamp '2026-03-01 08:15:00+02:00'", '"2026-03-01T06:15:00+00:00"'),
    # nested
    Case("array('a', 'b')", '"[\\"a\\",\\"b\\"]"', '"a||b"'),
    Case("array(1, null, 3)", '"[1,null,3]"', '"1||3"'),
    Case("array(true, false)", '"[true,false]"', '"true||false"'),
    Case("array(cast(1.50 as decimal(3, 2)))", '"[1.5]"', '"1.5"'),
    Case("named_struct('b', 'x', 'a', 1)", '"{\\"a\\":1,\\"b\\":\\"x\\"}"'),
    Case("map('k', 1)", '"{\\"k\\":1}"'),
    Case("array(named_struct('a', 1))", '"[{\\"a\\":1}]"', '"{\\"a\\":1}"'),
]

REJECTED = [
    ("cast('nan' as double)", "not_a_number"),
    ("cast('-infinity' as float)", "not_a_number"),
    ("date '+10000-01-01'", "date_out_of_range"),
    ("cast('x' as binary)", "bytes"),
]

NULLS = [
    "boolean", "int", "decimal(5, 2)", "double", "string", "date", "timestamp", "timestamp_ntz", "binary", "array<int>",
    "struct<a: int>", "map<string, int>",
]  # fmt: skip


def test_every_type_reaches_heap_as_the_table_says_and_is_not_sent_again(project: Project, heap: Sandbox) -> None:
    assert_sent(project, heap, SENT)


def test_values_that_heap_cannot_hold_reject_their_rows(project: Project, heap: Sandbox) -> None:
    for sql, reason in REJECTED:
        assert_rejected(project, heap, [(sql, reason)])


def test_null_of_any_type_is_omitted(project: Project, heap: Sandbox) -> None:
    assert_left_out(project, heap, NULLS)
