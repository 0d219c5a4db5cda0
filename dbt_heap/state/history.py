"""Past runs and current rejects; old ones are deleted once a day."""

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
    """Return the newest runs of some syncs, latest first.

    Args:
        store: as it was read last.
        destinations: each sync's destination.
        limit: the number of runs at most.
        since: only runs that started later.
        statuses: only runs with these; all if empty.

    Raises:
        WarehouseError: the warehouse refused the query.
    """
    more = {"columns": _runs_columns(store), "since": _text(since), "statuses": list(statuses)}
    return _read(store, "read_runs", destinations, limit=limit, **more)


def read_history(store: StateStore, destinations: Mapping[str, str], *, limit: int) -> agate.Table:
    """Return the newest `limit` runs of each sync in `destinations`, earliest first. Raises WarehouseError."""
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
    """Return the rows that are still rejected.

    Args:
        store: as it was read last.
        destinations: each sync's destination.
        keys: whether to return each row with its key, instead of counts by reason and property.
        limit: the number of rows at most.
        since: only rows that were rejected first later.
        reasons: only rows with these; all if empty.

    Raises:
        WarehouseError: the warehouse refused the query.
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


def delete_old(store: StateStore, days: int | None, now: float) -> Sequence[str]:
    """Delete runs, rejects and property logs that are older than `days`, once a day.

    The newest entry of each sync and its current rejects are kept, however old they are.

    Args:
        store: as it was read before the first sync of this command.
        days: `retain_days`; nothing is deleted without it.
        now: the time at the end of this command, from `time.time`.

    Returns:
        A warning if the warehouse refused.
    """
    if not days or not store.exists() or written_today(store.log.entries.values(), store.read_at, now):
        return ()
    logs = [store.relation(table) for table in store.catalog.state_tables if names.is_log(table)]
    try:
        store.warehouse.execute("delete_older_than", state=store.arguments(), logs=logs, days=days)
    except WarehouseError as refusal:
        return (f"runs and rejects older than {days} days (retain_days) cannot be deleted: {refusal}",)
    return ()


def written_today(entries: Iterable[LogEntry], read_at: float, now: float) -> bool:
    """Return whether an earlier run wrote anything since midnight UTC, and therefore deletes what is old.

    The day of this run's end counts. For a job that runs over midnight every night, the last run's end and this run's
    start are on the same day, and nothing would ever be deleted.
    """
    written = (read_at - each.seconds_ago for each in entries if each.seconds_ago is not None)
    return any(at // _DAY_SECONDS == now // _DAY_SECONDS for at in written)
