"""What the warehouse tells of some keys of one sync: the model, what Heap acknowledged, rejects, and what is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dbt_heap.state.comparison import Comparison
from dbt_heap.state.views import property_names, shown_names
from dbt_heap.syncs.columns import is_property
from dbt_heap.warehouse.connection import Row

MAX_ROWS = 1000  # of a model, for all keys that are asked for at once


class ModelRow(NamedTuple):
    """A row of the model, its values as text in the order of the mapped columns."""

    key: str
    subject: str | None
    event_at: str | None
    before_begin: bool
    before_lookback: bool
    values: Sequence[str | None]


class Acknowledged(NamedTuple):
    """What Heap acknowledged of a key; of events, nothing but that."""

    at: str | None
    run_id: str | None
    doubtful: bool  # it may hold something else: a run was killed
    origin: str | None
    values: Mapping[str, str | None]  # by Heap's names, or stored ones where no view tells them


class Standing(NamedTuple):
    """How a key stands rejected."""

    reason: str
    guilty: str | None  # the property that makes it one
    since: str


class Planned(NamedTuple):
    """A row that a sync would send or reject."""

    row: Row  # as the outbox has it
    is_new: bool
    reject: str | None
    guilty: str | None
    still_rejected: str | None  # why it was rejected before, with the same values

    @property
    def key(self) -> str | None:
        """The row's key."""
        key: str | None = self.row[2]
        return key


@dataclass(frozen=True)
class Evidence:
    """All that is known of the keys, each as the sync knows it."""

    keys: tuple[str, ...]  # those asked for, and those of the events of identities that were
    model: tuple[ModelRow, ...]
    acknowledged: Mapping[str, Acknowledged]
    still_rejected: Mapping[str, Standing]
    planned: tuple[Planned, ...]


def read_evidence(comparison: Comparison, asked: Sequence[str]) -> Evidence:
    """What is known of the keys asked for; of events, of those of identities, too. Raises WarehouseError."""
    warehouse = comparison.store.warehouse
    fetch = warehouse.fetch
    arguments = comparison.arguments(only_keys=list(asked), only_subjects=list(asked), begin=None, newer_than=None)
    begin = comparison.sync.begin.isoformat() if comparison.sync.begin else None
    with warehouse.about(sync=comparison.sync.name):
        rows = fetch(
            "explain_model", plan=arguments, begin=begin, newer_than=comparison.newer_than, limit=MAX_ROWS
        )  # fmt: skip
        model = tuple(ModelRow(row[0], row[1], row[2], bool(row[3]), bool(row[4]), row[5:]) for row in rows)
        keys = tuple(dict.fromkeys([*asked, *(row.key for row in model if row.key is not None)]))
        plan = comparison.arguments(only_keys=list(keys))
        rejected = comparison.newest is not None and comparison.newest.rejects_run_id is not None
        return Evidence(
            keys=keys,
            model=model,
            acknowledged=_acknowledged(comparison, keys),
            still_rejected={row[0]: Standing(*row[1:]) for row in fetch("explain_rejects", plan=plan)}
            if rejected
            else {},
            planned=tuple(_planned(row) for row in fetch("explain_plan", plan=plan)),
        )


def _acknowledged(comparison: Comparison, keys: Sequence[str]) -> dict[str, Acknowledged]:
    if not comparison.newest or not comparison.tables["synced"]:
        return {}
    store = comparison.store
    shown = shown_names(store, store.catalog, comparison.newest) | property_names(comparison.columns)
    columns = [name for name in comparison.tables["synced_columns"] if is_property(name)]
    plan = comparison.arguments(only_keys=list(keys))
    return {
        key: Acknowledged(
            at, run_id, bool(doubt), origin, {shown.get(n, n): v for n, v in zip(columns, values, strict=True)}
        )
        for key, at, run_id, doubt, origin, *values in store.warehouse.fetch(
            "explain_state", plan=plan, columns=columns
        )
    }


def _planned(row: Row) -> Planned:
    is_new, reject, guilty, still_rejected = row[-4:]
    return Planned(row[:-4], bool(is_new), reject, guilty, still_rejected)
