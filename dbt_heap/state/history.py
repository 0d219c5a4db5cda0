"""What the log and the rejects tell about the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import agate

from dbt_heap.errors import WarehouseError
from dbt_heap.state import names
from dbt_heap.state.contract import SyncArguments
from dbt_heap.state.log import LogEntry
from dbt_heap.state.store import State


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
    return _read(
        state,
        "read_runs",
        destinations,
        columns=_runs_columns(state),
        since=_text(since),
        statuses=list(statuses),
        limit=limit,
    )


def read_history(state: State, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """The newest `limit` runs of each of some syncs (sync -> destination), earliest first. Raises WarehouseError."""
    return _read(state, "read_history", destinations, columns=_runs_columns(state), limit=limit)


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


def _runs_columns(state: State) -> list[str]:
    """Return the columns of the view `runs`, which an older version may have created."""
    return [name.lower() for name in state.catalog.of_view(names.RUNS)]


def _read(state: State, macro: str, destinations: Mapping[str, str], **more: Any) -> agate.Table:
    if not state.ready() or not destinations:
        return agate.Table([], ["sync"], [agate.Text()])
    pairs: list[SyncArguments] = [
        {"sync": sync, "destination": destination} for sync, destination in destinations.items()
    ]
    return state.warehouse.query(macro, state=state.arguments(), syncs=pairs, **more)


def _text(since: datetime | None) -> str | None:
    return since.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds") if since else None


_DAY_SECONDS = 24 * 60 * 60


def tidy(state: State, days: int | None, now: float) -> Sequence[str]:
    """Clears runs, rejects and logs older than so many days, once a day. Says where the warehouse refuses it.

    Where a sync stands and which rejects stand is kept, however old. `state` is that of before this invocation, `now`
    the time at its end, as `time.time` gives it.
    """
    if not days or not state.ready() or written_today(state.entries.values(), state.read_at, now):
        return ()
    logs = [state.relation(table) for table in state.catalog.state_tables if names.is_log(table)]
    try:
        state.warehouse.execute("delete_older_than", state=state.arguments(), logs=logs, days=days)
    except WarehouseError as refusal:
        return (f"what is older than {days} days cannot be cleared, as retain_days asks: {refusal}",)
    return ()


def written_today(entries: Iterable[LogEntry], read_at: float, now: float) -> bool:
    """Whether an earlier run wrote anything since midnight, UTC: that cleared what was old, or it will.

    It is the day of the end that counts. Of a job that runs over midnight every night, the last run's end and this
    one's begin lie on the same day, and nothing would ever be cleared.
    """
    written = (read_at - each.seconds_ago for each in entries if each.seconds_ago is not None)
    return any(at // _DAY_SECONDS == now // _DAY_SECONDS for at in written)
