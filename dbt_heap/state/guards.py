"""Whether a plan may go without being asked for, with the sentence that says what to do."""

from __future__ import annotations

from collections.abc import Collection

from dbt_heap.errors import counted
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import SyncType

FIRST_SYNC_ROWS = 100_000  # a first sync above it wants to be asked for


def refusal(plan: Plan, *, first_sync: bool, allow_large: Collection[str]) -> str | None:
    """Why the plan is too large to go without being asked for; None where it may go."""
    name = plan.sync.name
    if plan.first and plan.sendable > FIRST_SYNC_ROWS and not first_sync:
        return (
            f"its first sync would send {plan.sendable:,} rows, more than {FIRST_SYNC_ROWS:,}. Look at them with "
            f"`dbt-heap plan --select {plan.sync.model.name}`; then: dbt-heap sync --first-sync"
        )
    if plan.older_key and plan.new:
        return (
            f"its key was {plan.older_key}, and is {plan.sync.key} now: {counted(plan.new, 'row')} would go under new "
            "keys, and those that Heap has would be others to it. If that is meant: dbt-heap sync --first-sync"
        )
    if plan.rekeyed_rows and not first_sync:
        return _recomputed(plan)
    guard = plan.sync.max_rows
    if guard is None or name in allow_large or (plan.first and guard.rows is None):
        return None
    allowed = guard.of(plan.state_rows or 0)
    if plan.sendable <= allowed:
        return None
    share = f" ({guard} of {plan.state_rows:,})" if guard.rows is None else ""
    return (
        f"it would send {plan.sendable:,} rows, and max_rows allows {allowed:,}{share}. If that is meant: "
        f"dbt-heap sync --allow-large {name}"
    )


_TWICE = {
    SyncType.EVENTS: "Heap would record these events a second time",
    SyncType.USER_PROPERTIES: "Heap would create these users a second time, and keep the old ones",
    SyncType.ACCOUNT_PROPERTIES: "Heap would create these accounts a second time, and keep the old ones",
}


def _recomputed(plan: Plan) -> str:
    return (
        f"{plan.missing_keys:,} keys that Heap acknowledged are gone from the model and {plan.rekeyed_rows:,} others "
        f"came: {_TWICE[plan.sync.type]}. "
        f"Was the key ({plan.sync.key}) recomputed, by another salt or another expression? "
        f"If it is meant: dbt-heap sync --first-sync --select {plan.sync.model.name}"
    )
