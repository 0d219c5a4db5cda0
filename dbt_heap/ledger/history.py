"""What the log and the rejects tell about the past."""

from __future__ import annotations

from collections.abc import Mapping

import agate

from dbt_heap.ledger.state import State


def read_runs(state: State, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """The newest runs of some syncs (sync -> destination), latest first. Raises WarehouseError."""
    return _read(state, "read_runs", destinations, limit=limit)


def read_history(state: State, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """The newest `limit` runs of each of some syncs (sync -> destination), earliest first. Raises WarehouseError."""
    return _read(state, "read_history", destinations, limit=limit)


def read_rejects(state: State, destinations: Mapping[str, str], *, keys: bool, limit: int) -> agate.Table:
    """The rejects that stand, by reason and property, or with `keys` one by one. Raises WarehouseError."""
    return _read(state, "read_rejects", destinations, keys=keys, limit=limit)


def _read(state: State, macro: str, destinations: Mapping[str, str], **more: int | bool) -> agate.Table:
    if not state.ready() or not destinations:
        return agate.Table([], ["sync"], [agate.Text()])
    pairs = [{"sync": sync, "destination": destination} for sync, destination in destinations.items()]
    return state.warehouse.query(macro, state=state.arguments(), syncs=pairs, **more)
