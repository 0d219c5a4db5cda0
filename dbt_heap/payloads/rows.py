"""The form of a row of the outbox, as the ledger hands it over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from dbt_heap.mapping import MappedColumn

Row: TypeAlias = tuple[Any, ...]
"""`(seq, batch, key, changed, *values)`: values in the order of the mapped columns; `changed` has a 0 or 1 for
each property in that order, and is None for events."""

SEQ, BATCH, KEY, CHANGED, FIRST_VALUE = range(5)


def places(columns: Sequence[MappedColumn]) -> Iterator[tuple[int, MappedColumn]]:
    """Where in a row each column's value stands."""
    return enumerate(columns, start=FIRST_VALUE)
