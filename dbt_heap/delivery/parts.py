"""Requests' worth of a batch: cut to size, and cut again to find the records that Heap refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dbt_heap.delivery.verdicts import Tally
from dbt_heap.payloads import Payload


@dataclass(frozen=True)
class Part:
    """Payloads of a batch that go in one request."""

    tally: Tally
    payloads: tuple[Payload, ...]
    suspect: bool = False  # cut out of a part that was refused


def fitting(tally: Tally, *, max_records: int, max_bytes: int) -> Iterator[Part]:
    """A batch in as few parts as the limits allow; a record above `max_bytes` goes alone and Heap may judge it."""
    part: list[Payload] = []
    size = 0
    for payload in tally.batch.payloads:
        size += len(payload.record) + 1
        if part and (size > max_bytes or len(part) == max_records):
            yield Part(tally, tuple(part))
            part, size = [], len(payload.record) + 1
        part.append(payload)
    if part:
        yield Part(tally, tuple(part))


def narrowed(part: Part, index: int | None) -> list[Part]:
    """A refused part of several records, cut so that the guilty ones end up alone.

    The record that Heap names goes alone: it is believed to be guilty when it is refused there. The rest goes
    as one the first time, when one guilty record is likely; later in halves, so that hundreds of guilty ones
    cost no more than logarithmically many times their batch.
    """
    payloads = part.payloads
    if index is None or index >= len(payloads):
        pieces = _halves(payloads)
    else:
        rest = payloads[:index] + payloads[index + 1 :]
        pieces = [(payloads[index],), *(_halves(rest) if part.suspect else [rest])]
    return [Part(part.tally, tuple(piece), suspect=True) for piece in pieces if piece]


def _halves(payloads: Sequence[Payload]) -> list[Sequence[Payload]]:
    middle = len(payloads) // 2
    return [payloads[:middle], payloads[middle:]]
