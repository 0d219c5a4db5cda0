"""Random days of three models and their Heap, drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.chaos.expectation import COPIES, PLACEHOLDER

Rows = dict[str, dict[str, Any]]  # by key

KINDS = ("users", "accounts", "events")
IDS = {"users": "user_id", "accounts": "account_id", "events": "order_id"}
SUBJECTS = {**IDS, "events": "user_id"}  # the column with the identity or account ID
PROPERTIES = {
    "users": {"Plan": "plan", "Seats": "seats"},
    "accounts": {"Tier": "tier", "ARR": "arr"},
    "events": {"Order": "order_id", "Total": "total"},
}
TWICE = "twice"  # the model has this row twice, unless a day says otherwise
TYPES = {
    "plan": "varchar",
    "seats": "bigint",
    "tier": "varchar",
    "arr": "bigint",
    "user_id": "varchar",
    "total": "bigint",
}
FAULTS = (
    "500", "502-after", "503", "504", "429", "429-date", "429-bare", "html", "html-after", "reset", "reset-within",
    "reset-after", "truncated", "garbage",
)  # fmt: skip

PEOPLE = [f"u{number}" for number in range(6)]
COMPANIES = [f"a{number}" for number in range(4)]
TEXTS = st.sampled_from([None, "free", "it's"])
NUMBERS = st.sampled_from([None, 0, 1])
COLUMNS = {
    "users": st.fixed_dictionaries({"plan": TEXTS, "seats": NUMBERS}),
    "accounts": st.fixed_dictionaries({"tier": TEXTS, "arr": NUMBERS}),
    "events": st.fixed_dictionaries({"user_id": st.sampled_from([*PEOPLE, PLACEHOLDER, None]), "total": NUMBERS}),
}
KEYS = {
    "users": st.sampled_from([*PEOPLE, TWICE]),
    "accounts": st.sampled_from([*COMPANIES, PLACEHOLDER]),
    "events": st.sampled_from([*(f"e{number}" for number in range(10)), TWICE]),
}
FLAGS = st.sampled_from([(), (), ("--full-scan",), ("--fail-fast",), ("--resync",), ("--retry-rejected",),
                         ("--resync", "--retry-rejected")])  # fmt: skip
PATIENCE = st.sampled_from([("--max-wait", "0"), ("--max-wait", "0.1")])


@dataclass(frozen=True)
class Day:
    """What happens before and during one sync."""

    edits: Mapping[str, Mapping[str, Mapping[str, Any] | None]]  # kind -> key -> columns, or None: the row leaves
    single: bool = False  # the duplicate row is in the model once
    back: int = 0  # how many days the models go back first
    mapped: tuple[str, ...] = ("Plan", "Seats")  # the properties of users that are mapped
    refused: frozenset[str] = frozenset()  # users and accounts
    faults: str = ""
    seed: int = 0  # of the faults
    flags: tuple[str, ...] = ()

    def models(self, before: list[dict[str, Rows]]) -> dict[str, Rows]:
        """Return the models of the day; `before` has those of earlier days, the newest last."""
        models = {kind: dict(rows) for kind, rows in before[-1 - min(self.back, len(before) - 1)].items()}
        for kind in KINDS:
            for key, columns in self.edits.get(kind, {}).items():
                models[kind].pop(key, None)
                if columns is not None:
                    models[kind][key] = {IDS[kind]: key, COPIES: 1, **columns}
            if row := models[kind].get(TWICE):
                models[kind][TWICE] = {**row, COPIES: 1 if self.single else 2}
        return models


def edits(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw rows to add, change or remove."""
    return st.dictionaries(KEYS[kind], COLUMNS[kind] | COLUMNS[kind] | st.none(), min_size=3, max_size=8)


DAYS = st.builds(
    Day,
    edits=st.fixed_dictionaries({kind: edits(kind) for kind in KINDS}),
    single=st.sampled_from([False, False, True]),
    back=st.sampled_from([0, 0, 1, 2, 5]),
    mapped=st.sampled_from([("Plan", "Seats"), ("Plan", "Seats"), ("Plan",), ("Seats",)]),
    refused=st.frozensets(st.sampled_from([*PEOPLE, *COMPANIES]), max_size=3),
    faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=6, unique=True).map(
        lambda kinds: ",".join(f"{kind}:{0.5 / len(kinds):.2f}" for kind in kinds)
    ),
    seed=st.integers(0, 99),
    flags=st.tuples(FLAGS, PATIENCE).map(lambda parts: parts[0] + parts[1]),
)


def select(kind: str, rows: Rows) -> str:
    """Return a select of the rows of a model."""
    names = [IDS[kind], *(name for name in TYPES if name in COLUMN_NAMES[kind])]
    types = [TYPES.get(name, "varchar") for name in names]
    every = [row for row in rows.values() for _ in range(row[COPIES])]
    values = ", ".join("(" + ", ".join(_literal(row[name]) for name in names) + ")" for row in every)
    casts = ", ".join(f"cast({name} as {of}) as {name}" for name, of in zip(names, types, strict=True))
    missing = f"({', '.join('null' for _ in names)})"
    return f"select {casts} from (values {values or missing}) as t({', '.join(names)}) where {str(bool(every)).lower()}"


COLUMN_NAMES = {"users": ("plan", "seats"), "accounts": ("tier", "arr"), "events": ("user_id", "total")}


def _literal(value: Any) -> str:
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
