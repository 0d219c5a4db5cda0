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
from dbt_heap.state.store import StateStore


def read_runs(
    store: StateStore,
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
        store,
        "read_runs",
        destinations,
        columns=_runs_columns(store),
        since=_text(since),
        statuses=list(statuses),
        limit=limit,
    )


def read_history(store: StateStore, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """The newest `limit` runs of each of some syncs (sync -> destination), earliest first. Raises WarehouseError."""
    return _read(store, "read_history", destinations, columns=_runs_columns(store), limit=limit)


def read_rejects(
    store: StateStore,
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
    return _read(store, "read_rejects", destinations, keys=keys, limit=limit, **narrowed)


def _runs_columns(store: StateStore) -> list[str]:
    """Return the columns of the view `runs`, which an older version may have created."""
    return [name.lower() for name in store.catalog.of_view(names.RUNS)]


def _read(store: StateStore, macro: str, destinations: Mapping[str, str], **more: Any) -> agate.Table:
    if not store.exists() or not destinations:
        return agate.Table([], ["sync"], [agate.Text()])
    pairs: list[SyncArguments] = [
        {"sync": sync, "destination": destination} for sync, destination in destinations.items()
    ]
    return store.warehouse.query(macro, state=store.arguments(), syncs=pairs, **more)


def _text(since: datetime | None) -> str | None:
    return since.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds") if since else None


_DAY_SECONDS = 24 * 60 * 60


def tidy(store: StateStore, days: int | None, now: float) -> Sequence[str]:
    """Clears runs, rejects and logs older than so many days, once a day. Says where the warehouse refuses it.

    Where a sync stands and which rejects stand is kept, however old. `state` is that of before this invocation, `now`
    the time at its end, as `time.time` gives it.
    """
    if not days or not store.exists() or written_today(store.log.entries.values(), store.read_at, now):
        return ()
    logs = [store.relation(table) for table in store.catalog.state_tables if names.is_log(table)]
    try:
        store.warehouse.execute("delete_older_than", state=store.arguments(), logs=logs, days=days)
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
