"""Rows, records and batches on their way to Heap. Records are joined text, so a batch costs little more than its bytes.

rows of the outbox -> payloads -> Records -> Batch -> body of a request
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import orjson

from dbt_heap.heap.rejects import Reject
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.syncs.sync import SyncType

Row: TypeAlias = tuple[Any, ...]
"""`(seq, batch, key, changed, *values)`: values in the order of the mapped columns; `changed` has a 0 or 1 for
each property in that order, and is None for events."""

SEQ, BATCH, KEY, CHANGED, FIRST_VALUE = range(5)

SEPARATOR = b",\t"  # a JSON value never contains a bare tab, so joined records can be split again
BATCHES_IN_A_WAVE = 1_000_000  # the plan numbers a wave's batches from its own million on

COLLECTIONS = {
    SyncType.EVENTS: "events",
    SyncType.USER_PROPERTIES: "users",
    SyncType.ACCOUNT_PROPERTIES: "accounts",
    SyncType.USER_DELETIONS: "users",
}


class Payload(NamedTuple):  # half the cost of a frozen dataclass, for every row
    """A record ready for Heap: its place in the outbox, its bytes, how many values were cut to fit."""

    seq: int
    record: bytes
    cut: int


@dataclass(frozen=True)
class Records:
    """Payloads joined to one text, as a request has them between its brackets."""

    seqs: Sequence[int]
    text: bytes
    cuts: Sequence[int]  # of each record, how many values were cut to fit

    @classmethod
    def of(cls, payloads: Sequence[Payload]) -> Records:
        """Return payloads joined."""
        seqs, records, cuts = zip(*payloads, strict=True) if payloads else ((), (), ())
        return cls(seqs, SEPARATOR.join(records), cuts)

    def __len__(self) -> int:
        return len(self.seqs)

    def split(self) -> tuple[Payload, ...]:
        """Return each payload by itself, to isolate the one that Heap refused."""
        records = self.text.split(SEPARATOR) if self.seqs else ()
        return tuple(Payload(*each) for each in zip(self.seqs, records, self.cuts, strict=True))


@dataclass(frozen=True)
class Batch:
    """Rows that are decided together, by one request if Heap accepts all of them."""

    number: int
    wave: int  # an identity's events beyond a thousand are in later waves
    records: Records
    rejects: tuple[Reject, ...]


Build: TypeAlias = "Callable[[Row], Payload | Reject]"


def batches(rows: Iterable[Row], build: Build) -> Iterator[Batch]:
    """Yield adjacent rows with the same batch number as a batch; the first row of the next has been read by then."""
    for number, group in groupby(rows, key=itemgetter(BATCH)):
        built = [build(row) for row in group]
        records = Records.of([each for each in built if isinstance(each, Payload)])
        yield _batch(number, records, [each for each in built if isinstance(each, Reject)])


def written_batches(rows: Iterable[Row]) -> Iterator[Batch]:
    """Yield batches whose records the warehouse has written: one per row, as the macro `outbox_records` selects."""
    for first, number, count, text, cuts in rows:
        yield _batch(number, Records(range(first, first + count), bytes(text), cuts or [0] * count))


def body(app_id: str, sync_type: SyncType, records: Records) -> bytes:
    """Return the body of a request: https://developers.heap.io/reference/bulk-track and its siblings.

    A deletion names no app id, which its token implies: https://developers.heap.io/reference/user-deletion.
    """
    if sync_type is SyncType.USER_DELETIONS:
        return b'{"users":[%b]}' % records.text
    return b'{"app_id":%b,"%b":[%b]}' % (orjson.dumps(app_id), COLLECTIONS[sync_type].encode(), records.text)


def places(columns: Sequence[MappedColumn]) -> Iterator[tuple[int, MappedColumn]]:
    """Yield each column with the place of its value in a row."""
    return enumerate(columns, start=FIRST_VALUE)


def _batch(number: int, records: Records, rejects: Iterable[Reject] = ()) -> Batch:
    return Batch(number, number // BATCHES_IN_A_WAVE, records, tuple(rejects))
