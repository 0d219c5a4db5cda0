"""How long the past is kept: `retain_days`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dbt_heap.errors import WarehouseError
from dbt_heap.ledger import names
from dbt_heap.ledger.entries import Entry
from dbt_heap.ledger.state import State

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
        state.warehouse.execute("forget_older", state=state.arguments(), logs=logs, days=days)
    except WarehouseError as refusal:
        return (f"what is older than {days} days cannot be cleared, as retain_days asks: {refusal}",)
    return ()


def written_today(entries: Iterable[Entry], read_at: float, now: float) -> bool:
    """Whether an earlier run wrote anything since midnight, UTC: that cleared what was old, or it will.

    It is the day of the end that counts. Of a job that runs over midnight every night, the last run's end and this
    one's begin lie on the same day, and nothing would ever be cleared.
    """
    written = (read_at - each.seconds_ago for each in entries if each.seconds_ago is not None)
    return any(at // _DAY_SECONDS == now // _DAY_SECONDS for at in written)
