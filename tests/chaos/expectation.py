"""The expected plan and state, row by row in plain Python, whatever Heap does.

This model implements docs/explanation/state.md and docs/reference/values.md for small rows without importing dbt_heap.
It can't know what happens to a record on its way to Heap: `learn` takes that from the server's log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
Rows = Mapping[str, Row]  # by key
Properties = dict[str, Any]

PLACEHOLDER = "undefined"
COPIES = "copies"  # not a column: how often the model has the row


@dataclass
class Planned:
    """The expected plan for a model's rows."""

    records: dict[str, Properties] = field(default_factory=dict)  # to send
    rejected: set[str] = field(default_factory=set)
    still_rejected: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)  # of all these rows: what is wrong, and what is mapped
    copies: dict[str, int] = field(default_factory=dict)  # of all these rows


@dataclass
class RowCounts:
    """The counts that heap_results.json must have for a sync."""

    planned: int
    accepted: int
    rejected: int
    undelivered: int
    still_rejected: int

    @property
    def status(self) -> str:
        """Return the status of the sync."""
        if self.undelivered:
            return "undelivered"
        return "rejected" if self.rejected or self.still_rejected else "success"


@dataclass
class Expectation:
    """One sync over time."""

    id_column: str
    blank: bool = False  # nulls: blank
    held: dict[str, Properties] = field(default_factory=dict)  # what Heap acknowledged or may have
    doubt: set[str] = field(default_factory=set)
    still_rejected: dict[str, Any] = field(default_factory=dict)  # rejected rows, with their values
    heap: dict[str, Properties] = field(default_factory=dict)  # what Heap accepted, as it was planned

    def plan(self, rows: Rows, properties: Mapping[str, str], *, resync: bool, retry_rejected: bool) -> Planned:
        """Return the expected plan for a model; `properties` maps Heap's names to columns."""
        if resync:
            self._mark_all_in_doubt()
        planned = Planned()
        for key, row in rows.items():
            news = self._news(key, {name: row[column] for name, column in properties.items()})
            if news is None:
                continue
            wrong = self._wrong(row)
            planned.values[key] = (wrong, self._values(row, properties))
            planned.copies[key] = row[COPIES]
            if not retry_rejected and self.still_rejected.get(key) == planned.values[key]:
                planned.still_rejected.add(key)
            elif wrong:
                planned.rejected.add(key)
            else:
                planned.records[key] = news
        return planned

    def learn(
        self, planned: Planned, *, taken: Collection[str], accepted: Collection[str], refused: Collection[str]
    ) -> RowCounts:
        """Record the outcome of a plan's records, and return the expected counts."""
        for key, sent in planned.records.items():
            if key in taken:
                self._take(key, sent)
            if key in accepted:
                self._acknowledge(key, sent)
            elif key not in refused:
                self._mark_in_doubt(key)
        rejected = planned.rejected | set(refused)
        self.still_rejected = {key: planned.values[key] for key in rejected | planned.still_rejected}
        still_rejected, refused_rows = _count(planned, planned.still_rejected), _count(planned, rejected)
        count = _count(planned, planned.records) + _count(planned, planned.rejected)
        return RowCounts(count, len(accepted), refused_rows, count - len(accepted) - refused_rows, still_rejected)

    def _news(self, key: str, values: Properties) -> Properties | None:
        known = self.held.get(key, {})
        everything = key in self.doubt
        news = {
            name: "" if value is None else value
            for name, value in values.items()
            if (everything or value != known.get(name)) and (value is not None or self.blank)
        }
        return news or None

    def _wrong(self, row: Row) -> str:
        """Return the first reason why a row is not sent, or an empty text."""
        subject = row[self.id_column]
        if subject is None:
            return "null"
        if row[COPIES] > 1:
            return "duplicate"
        return "placeholder" if subject == PLACEHOLDER else ""

    def _values(self, row: Row, properties: Mapping[str, str]) -> Any:
        return tuple((name, row[column]) for name, column in properties.items())

    def _mark_all_in_doubt(self) -> None:
        self.doubt |= self.held.keys()

    def _take(self, key: str, sent: Properties) -> None:
        self.heap.setdefault(key, {}).update(sent)

    def _acknowledge(self, key: str, sent: Properties) -> None:
        """Forget what was not sent of a row in doubt: see docs/decisions/0001-doubt-forgets.md."""
        before = {} if key in self.doubt else self.held.get(key, {})
        self.held[key] = {**before, **{name: None if value == "" else value for name, value in sent.items()}}
        self.doubt.discard(key)

    def _mark_in_doubt(self, key: str) -> None:
        self.held.setdefault(key, {})
        self.doubt.add(key)


class EventExpectation(Expectation):
    """A sync of events: an acknowledged key is never sent again."""

    def _news(self, key: str, values: Properties) -> Properties | None:
        return None if key in self.held else {name: value for name, value in values.items() if value is not None}

    def _values(self, row: Row, properties: Mapping[str, str]) -> Any:
        return tuple((name, value) for name, value in row.items() if name != COPIES)

    def _mark_all_in_doubt(self) -> None:
        pass

    def _take(self, key: str, sent: Properties) -> None:
        self.heap.setdefault(key, sent)

    def _mark_in_doubt(self, key: str) -> None:
        pass


def _count(planned: Planned, keys: Collection[str]) -> int:
    return sum(planned.copies[key] for key in keys)
