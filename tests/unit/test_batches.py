from __future__ import annotations

import json
from collections.abc import Iterator

from dbt_heap.heap.records import Batch, Payload, Records, Row, batches, body, written_batches
from dbt_heap.heap.rejects import Reason, Reject
from dbt_heap.syncs.sync import SyncType


def build(row: Row) -> Payload | Reject:
    seq, _, key, _ = row
    return Reject(seq, Reason.BLANK_IDENTITY) if key == "" else Payload(seq, key.encode(), 0)


def row(seq: int, batch: int, key: str = "k") -> Row:
    return (seq, batch, key, None)


def test_rows_of_one_number_are_one_batch() -> None:
    assert list(batches([row(1, 0), row(2, 0, ""), row(3, 7), row(4, 2_000_007)], build)) == [
        Batch(0, 0, Records((1,), b"k", (0,)), (Reject(2, Reason.BLANK_IDENTITY),)),
        Batch(7, 0, Records((3,), b"k", (0,)), ()),
        Batch(2_000_007, 2, Records((4,), b"k", (0,)), ()),
    ]


def test_no_rows_are_no_batches() -> None:
    assert list(batches([], build)) == []


def test_rows_are_read_no_further_than_the_first_of_the_next_batch() -> None:
    read: list[int] = []

    def rows() -> Iterator[Row]:
        for seq in range(100):
            read.append(seq)
            yield row(seq, seq // 10)

    first = next(batches(rows(), build))
    assert (first.number, len(first.records)) == (0, 10)
    assert read == list(range(11))


def test_row_of_rendered_records_is_a_batch() -> None:
    rows = [(1, 0, 2, b'{"a":1},\t{"b":2}', None), (3, 1, 1, b'{"c":3}', [1])]
    first, second = written_batches(rows)
    assert first.records.split() == (Payload(1, b'{"a":1}', 0), Payload(2, b'{"b":2}', 0))
    assert second == Batch(1, 0, Records(range(3, 4), b'{"c":3}', [1]), ())


def test_joined_records_can_be_split_again() -> None:
    payloads = (Payload(1, b'{"a":1}', 0), Payload(7, b'{"b":",\\t"}', 2))
    assert Records.of(payloads).split() == payloads
    assert Records.of([]).split() == ()


def test_body_is_the_app_id_and_the_records_as_they_are() -> None:
    records = Records.of([Payload(1, b'{"identity":"a"}', 0), Payload(2, b'{"identity":"b"}', 0)])
    text = body('1"1', SyncType.EVENTS, records)
    assert text == b'{"app_id":"1\\"1","events":[{"identity":"a"},\t{"identity":"b"}]}'
    assert json.loads(body("11", SyncType.USER_PROPERTIES, records))["users"] == [{"identity": "a"}, {"identity": "b"}]
    assert json.loads(body("11", SyncType.ACCOUNT_PROPERTIES, records)).keys() == {"app_id", "accounts"}
