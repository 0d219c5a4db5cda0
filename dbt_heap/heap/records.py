"""Records on their way to Heap as one text, so that a batch costs little more than its bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from dbt_heap.syncs.columns import MappedColumn

SEPARATOR = b",\t"  # no JSON value holds a bare tab, so that what was joined can be parted again


class Payload(NamedTuple):  # half the price of a frozen dataclass, and paid for every row
    """A record ready for Heap: its place in the outbox, its bytes, how many values were cut to fit."""

    seq: int
    record: bytes
    cut: int


@dataclass(frozen=True)
class Records:
    """Payloads in one text, as a request has them between its brackets."""

    seqs: Sequence[int]
    text: bytes
    cuts: Sequence[int]  # of each record, how many values were cut to fit

    @classmethod
    def of(cls, payloads: Sequence[Payload]) -> Records:
        """These, joined."""
        seqs, records, cuts = zip(*payloads, strict=True) if payloads else ((), (), ())
        return cls(seqs, SEPARATOR.join(records), cuts)

    def __len__(self) -> int:
        return len(self.seqs)

    def parted(self) -> tuple[Payload, ...]:
        """Each by itself: what is done where Heap refused one of them."""
        records = self.text.split(SEPARATOR) if self.seqs else ()
        return tuple(Payload(*each) for each in zip(self.seqs, records, self.cuts, strict=True))


Row: TypeAlias = tuple[Any, ...]
"""`(seq, batch, key, changed, *values)`: values in the order of the mapped columns; `changed` has a 0 or 1 for
each property in that order, and is None for events."""

SEQ, BATCH, KEY, CHANGED, FIRST_VALUE = range(5)


def places(columns: Sequence[MappedColumn]) -> Iterator[tuple[int, MappedColumn]]:
    """Where in a row each column's value stands."""
    return enumerate(columns, start=FIRST_VALUE)
