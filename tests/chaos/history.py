"""The rows of three models over time, and every value that each of them ever had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[str, Row]  # by key

KINDS = ("users", "accounts", "events")
COLUMNS = {  # of each model's table, without its key
    "users": {"plan": "varchar(40)", "seats": "bigint", "score": "decimal(12, 2)"},
    "accounts": {"tier": "varchar(40)", "arr": "decimal(12, 2)"},
    "events": {"user_id": "varchar(40)", "placed_at": "timestamp", "total": "bigint"},
}
KEYS = {"users": "user_id", "accounts": "account_id", "events": "order_id"}
# Rows that dbt-heap always rejects because Heap would refuse them.
REJECTED: dict[str, list[tuple[str, Row]]] = {
    "users": [("null", {"plan": "team", "seats": 1}), ("twice", {"seats": 1}), ("twice", {"seats": 2})],
    "accounts": [],
    "events": [("unowned", {"total": 1})],
}


@dataclass
class History:
    """The models now and earlier. The same seed and calls give the same history."""

    seed: int
    sizes: Mapping[str, int]
    now: dict[str, Rows] = field(default_factory=dict)
    ever: dict[tuple[str, str, str], set[Any]] = field(default_factory=lambda: defaultdict(set))
    _past: list[dict[str, Rows]] = field(default_factory=list)  # the models at earlier builds, the newest last

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self._added = 0
        self.now = {kind: {} for kind in KINDS}
        for kind in KINDS:
            self._add(kind, self.sizes[kind])
        self.built()

    def edit(self) -> None:
        """Make every kind of change to some rows, about a third of each model."""
        for kind in ("users", "accounts"):
            for row in self._some(kind, 0.3):
                self._touch(kind, row)
            self._remove(kind, 0.02)
            self._add(kind, self.sizes[kind] // 20)
        self._remove("events", 0.05)
        self._add("events", self.sizes["events"] // 4)
        for row in self._some("events", 0.05):
            row["total"] = self._value("total")  # an event that was sent does not change in Heap
        self.built()

    def revert(self) -> None:
        """Undo most changes since the build before last, and edit a few rows."""
        before = self._past[0]
        for kind in KINDS:
            for key in [key for key in self.now[kind] if key not in before[kind] and self._chance.random() < 0.5]:
                del self.now[kind][key]
            for key, row in before[kind].items():
                if self._chance.random() < 0.8:
                    self.now[kind][key] = deepcopy(row)
        for kind in ("users", "accounts"):
            for row in self._some(kind, 0.03):
                self._touch(kind, row)
        self.built()

    def built(self) -> None:
        """Record that the warehouse has the models as they are now."""
        self._past = [*self._past[-1:], deepcopy(self.now)]
        for kind, key, row in self.rows():
            for column, value in row.items():
                self.ever[kind, key, column].add(value)

    def rows(self) -> Iterable[tuple[str, str, Row]]:
        """Return all rows now: kind, key, row."""
        return ((kind, key, row) for kind in KINDS for key, row in self.now[kind].items())

    def keys_ever(self, kind: str) -> set[str]:
        """Return every key that a model ever had."""
        return {key for known, key, _ in self.ever if known == kind}

    def _some(self, kind: str, share: float) -> list[Row]:
        rows = list(self.now[kind].values())
        return self._chance.sample(rows, int(len(rows) * share))

    def _touch(self, kind: str, row: Row) -> None:
        """Change one or more properties of a row; a quarter of the new values are null."""
        columns = list(COLUMNS[kind])
        for column in self._chance.sample(columns, self._chance.randint(1, len(columns))):
            row[column] = self._value(column)

    def _remove(self, kind: str, share: float) -> None:
        keys = list(self.now[kind])
        for key in self._chance.sample(keys, int(len(keys) * share)):
            del self.now[kind][key]

    def _add(self, kind: str, count: int) -> None:
        for _ in range(count):
            self._added += 1
            row = {column: self._value(column) for column in COLUMNS[kind]}
            self.now[kind][f"{kind[0]}{self._added}"] = row

    def _value(self, column: str) -> Any:
        chance = self._chance
        if column == "user_id":
            return f"u{chance.randint(1, self.sizes['users'])}"
        if column == "placed_at":
            return f"2026-07-{chance.randint(1, 28):02d} 12:{chance.randint(0, 59):02d}:00"
        if chance.random() < 0.25:
            return None
        if column in ("plan", "tier"):
            return chance.choice(["free", "team", "pro", "it's"])
        return chance.randint(0, 9) if column in ("seats", "total") else Decimal(f"{chance.randint(0, 9)}.50")


def select(kind: str, rows: Rows) -> str:
    """Return a select of the rows of a model and of those that are always rejected."""
    columns = {KEYS[kind]: "varchar(40)", **COLUMNS[kind]}
    every = [*rows.items(), *REJECTED[kind]]
    values = ", ".join(
        "(" + ", ".join(_literal(value) for value in (key, *(row.get(name) for name in COLUMNS[kind]))) + ")"
        for key, row in every
    )
    casts = ", ".join(f"cast({name} as {type_name}) as {name}" for name, type_name in columns.items())
    return f"select {casts} from (values {values}) as t({', '.join(columns)})"


def _literal(value: Any) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
