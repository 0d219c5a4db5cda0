"""Look up keys of one sync: in the model, in the state, in the rejects, and in the next plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dbt_heap.state.comparison import Comparison
from dbt_heap.state.merge import property_names, shown_names
from dbt_heap.syncs.columns import is_property
from dbt_heap.warehouse.connection import Row

MAX_ROWS = 1000  # of the model, for all keys of one lookup


class ModelRow(NamedTuple):
    """A row of the model, with its values as text in the order of the mapped columns."""

    key: str
    subject: str | None
    event_at: str | None
    before_begin: bool
    before_lookback: bool
    values: Sequence[str | None]


class Acknowledged(NamedTuple):
    """What Heap acknowledged of a key; for events, only that it did."""

    at: str | None
    run_id: str | None
    in_doubt: bool  # Heap may have other values, because a run was killed
    origin: str | None
    values: Mapping[str, str | None]  # by Heap's names, or by stored names if Heap's are unknown


class StillRejected(NamedTuple):
    """Why a key is still rejected."""

    reason: str
    reject_property: str | None  # whose value is the reason
    since: str


class PlannedRow(NamedTuple):
    """A row that a sync would send or reject."""

    row: Row  # as the outbox has it
    is_new: bool
    reject: str | None
    reject_property: str | None
    still_rejected: str | None  # why it was rejected before, with the same values

    @property
    def key(self) -> str | None:
        """Return the row's key."""
        key: str | None = self.row[2]
        return key


@dataclass(frozen=True)
class KeyLookup:
    """What was found of some keys."""

    keys: tuple[str, ...]  # those asked for; for events, also those of the identities asked for
    model: tuple[ModelRow, ...]
    acknowledged: Mapping[str, Acknowledged]
    still_rejected: Mapping[str, StillRejected]
    planned: tuple[PlannedRow, ...]


def look_up_keys(comparison: Comparison, asked: Sequence[str]) -> KeyLookup:
    """Look up keys; for events, also those of identities. Raises WarehouseError."""
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
        return KeyLookup(
            keys=keys,
            model=model,
            acknowledged=_acknowledged(comparison, keys),
            still_rejected={row[0]: StillRejected(*row[1:]) for row in fetch("explain_rejects", plan=plan)}
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


def _planned(row: Row) -> PlannedRow:
    is_new, reject, prop, still_rejected = row[-4:]
    return PlannedRow(row[:-4], bool(is_new), reject, prop, still_rejected)
