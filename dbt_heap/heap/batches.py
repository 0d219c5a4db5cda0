"""Payloads in the groups the plan numbered, and the body of the request that carries some of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import orjson

from dbt_heap.heap.payload import Build
from dbt_heap.heap.records import Payload, Records, Row
from dbt_heap.heap.rejects import Reject
from dbt_heap.syncs.sync import SyncType

BATCHES_IN_A_WAVE = 1_000_000  # the plan numbers a wave's batches from its own million on

COLLECTIONS = {
    SyncType.EVENTS: "events",
    SyncType.USER_PROPERTIES: "users",
    SyncType.ACCOUNT_PROPERTIES: "accounts",
    SyncType.USER_DELETIONS: "users",
}


@dataclass(frozen=True)
class Batch:
    """Rows that are decided together, by one request if Heap takes them all."""

    number: int
    wave: int  # an identity's events beyond a thousand are in later waves
    records: Records
    rejects: tuple[Reject, ...]


def batches(rows: Iterable[Row], build: Build) -> Iterator[Batch]:
    """The batches of rows that stand together, one at a time; the first row of the next has been read by then."""
    for number, group in groupby(rows, key=itemgetter(1)):
        built = [build(row) for row in group]
        records = Records.of([each for each in built if isinstance(each, Payload)])
        yield _batch(number, records, [each for each in built if isinstance(each, Reject)])


def written_batches(rows: Iterable[Row]) -> Iterator[Batch]:
    """The batches whose records the warehouse has written: a row each, as the macro `outbox_records` selects them."""
    for first, number, count, text, cuts in rows:
        yield _batch(number, Records(range(first, first + count), bytes(text), cuts or [0] * count))


def body(app_id: str, sync_type: SyncType, records: Records) -> bytes:
    """A request's body: https://developers.heap.io/reference/bulk-track and its siblings.

    That of a deletion names no app id, which its token tells: https://developers.heap.io/reference/user-deletion.
    """
    if sync_type is SyncType.USER_DELETIONS:
        return b'{"users":[%b]}' % records.text
    return b'{"app_id":%b,"%b":[%b]}' % (orjson.dumps(app_id), COLLECTIONS[sync_type].encode(), records.text)


def _batch(number: int, records: Records, rejects: Iterable[Reject] = ()) -> Batch:
    return Batch(number, number // BATCHES_IN_A_WAVE, records, tuple(rejects))
