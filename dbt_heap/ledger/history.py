"""What the log and the rejects tell about the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import agate

from dbt_heap.ledger.state import State


def read_runs(
    state: State,
    destinations: Mapping[str, str],
    *,
    limit: int,
    since: datetime | None = None,
    statuses: Iterable[str] = (),
) -> agate.Table:
    """The newest runs of some syncs (sync -> destination), latest first; with `since` those begun later, in UTC.

    Raises WarehouseError.
    """
    return _read(state, "read_runs", destinations, since=_text(since), statuses=list(statuses), limit=limit)


def read_history(state: State, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """The newest `limit` runs of each of some syncs (sync -> destination), earliest first. Raises WarehouseError."""
    return _read(state, "read_history", destinations, limit=limit)


def read_rejects(
    state: State,
    destinations: Mapping[str, str],
    *,
    keys: bool,
    limit: int,
    since: datetime | None = None,
    reasons: Iterable[str] = (),
) -> agate.Table:
    """The rejects that stand, by reason and property, or with `keys` one by one; with `since` those first seen later.

    Raises WarehouseError.
    """
    narrowed = {"since": _text(since), "reasons": list(reasons)}
    return _read(state, "read_rejects", destinations, keys=keys, limit=limit, **narrowed)


def _read(state: State, macro: str, destinations: Mapping[str, str], **more: Any) -> agate.Table:
    if not state.ready() or not destinations:
        return agate.Table([], ["sync"], [agate.Text()])
    pairs = [{"sync": sync, "destination": destination} for sync, destination in destinations.items()]
    return state.warehouse.query(macro, state=state.arguments(), syncs=pairs, **more)


def _text(since: datetime | None) -> str | None:
    return since.isoformat(sep=" ", timespec="seconds") if since else None
