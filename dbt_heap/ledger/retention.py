"""How long the past is kept: `retain_days`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from dbt_heap.errors import WarehouseError
from dbt_heap.ledger import names
from dbt_heap.ledger.state import State


def tidy(state: State, days: int | None) -> Sequence[str]:
    """Clears runs, rejects and logs older than so many days, once a day. Says where the warehouse refuses it.

    Where a sync stands and which rejects stand is kept, however old. `state` is that of before this invocation.
    """
    if not days or not state.ready() or _written_today(state):
        return ()
    logs = [state.relation(table) for table in state.catalog.state_tables if names.is_log(table)]
    try:
        state.warehouse.execute("forget_older", state=state.arguments(), logs=logs, days=days)
    except WarehouseError as refusal:
        return (f"what is older than {days} days cannot be cleared, as retain_days asks: {refusal}",)
    return ()


def _written_today(state: State) -> bool:
    """Whether a run wrote anything since midnight, UTC: that cleared what was old, or it will."""
    now = datetime.fromtimestamp(state.read_at, timezone.utc)
    today = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    return any(each.seconds_ago is not None and each.seconds_ago < today for each in state.entries.values())
