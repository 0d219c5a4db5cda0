"""Requests' worth of a batch: cut to size, and cut again to find the records that Heap refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dbt_heap.delivery.verdicts import Tally
from dbt_heap.payloads import SEPARATOR, Payload, Records


@dataclass(frozen=True)
class Part:
    """Records of a batch that go in one request."""

    tally: Tally
    records: Records
    suspect: bool = False  # cut out of a part that was refused


def fitting(tally: Tally, *, max_records: int, max_bytes: int) -> Iterator[Part]:
    """A batch in as few parts as the limits allow; a record above `max_bytes` goes alone and Heap may judge it."""
    records = tally.batch.records
    if len(records) > max_records or len(records.text) > max_bytes:
        yield from (Part(tally, Records.of(piece)) for piece in _pieces(records.parted(), max_records, max_bytes))
    elif records:
        yield Part(tally, records)


def _pieces(payloads: Iterable[Payload], max_records: int, max_bytes: int) -> Iterator[Sequence[Payload]]:
    """In their order, none of them empty."""
    piece: list[Payload] = []
    size = 0
    for payload in payloads:
        size += len(payload.record) + len(SEPARATOR)
        if piece and (size > max_bytes or len(piece) == max_records):
            yield piece
            piece, size = [], len(payload.record) + len(SEPARATOR)
        piece.append(payload)
    yield piece


def narrowed(part: Part, index: int | None) -> list[Part]:
    """A refused part of several records, cut so that the guilty ones end up alone.

    The record that Heap names goes alone: it is believed to be guilty when it is refused there. The rest goes
    as one the first time, when one guilty record is likely; later in halves, so that hundreds of guilty ones
    cost no more than logarithmically many times their batch.
    """
    payloads = part.records.parted()
    if index is None or index >= len(payloads):
        pieces = _halves(payloads)
    else:
        rest = payloads[:index] + payloads[index + 1 :]
        pieces = [(payloads[index],), *(_halves(rest) if part.suspect else [rest])]
    return [Part(part.tally, Records.of(piece), suspect=True) for piece in pieces if piece]


def _halves(payloads: Sequence[Payload]) -> list[Sequence[Payload]]:
    middle = len(payloads) // 2
    return [payloads[:middle], payloads[middle:]]
