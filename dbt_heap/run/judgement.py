"""Whether a plan may go, and how a run ended, each with the sentence that says what to do."""

from __future__ import annotations

from collections.abc import Collection

from dbt_heap.declarations.sync import Sync, SyncType
from dbt_heap.ledger.fates import Fates
from dbt_heap.ledger.plans import Plan
from dbt_heap.results import Status

FIRST_SYNC_ROWS = 100_000  # a first sync above it wants to be asked for


def gated(sync: Sync, why: str) -> str:
    """What to do about a model that is not as it should be."""
    return (
        f"{why}. Run dbt again once that is fixed, or send its rows as they are: "
        f"dbt-heap sync --no-gate --select {sync.model.name}"
    )


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
            f"its key was {plan.older_key}, and is {plan.sync.key} now: {rows(plan.new)} would go under new keys, "
            "and those that Heap has would be others to it. If that is meant: dbt-heap sync --first-sync"
        )
    if plan.keys_came and not first_sync:
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
        f"{plan.keys_gone:,} keys that Heap acknowledged are gone from the model and {plan.keys_came:,} others came: "
        f"{_TWICE[plan.sync.type]}. Was the key ({plan.sync.key}) recomputed, by another salt or another expression? "
        f"If it is meant: dbt-heap sync --first-sync --select {plan.sync.model.name}"
    )


def judged(plan: Plan, fates: Fates, *, stopped: bool, failure: str | None) -> tuple[Status, str | None]:
    """How the run of a sync ended, and what to do about it."""
    sync = plan.sync
    if fates.undelivered and stopped:
        return Status.PARTIAL, f"stopped with {rows(fates.undelivered)} left; run the same command again for the rest."
    if fates.undelivered:
        return Status.UNDELIVERED, _undelivered(fates, failure)
    rejected = fates.rejected + plan.standing
    if rejected == 0:
        return Status.SUCCESS, None
    if rejected <= sync.allow_rejected.of(plan.model_rows or 0):
        return Status.WARN, f"{_rejected(plan, fates)}, within allow_rejected ({sync.allow_rejected}). {_look(sync)}"
    return Status.REJECTED, f"{_rejected(plan, fates)}. {_look(sync)}"


def rows(count: int) -> str:
    """So many rows, in words."""
    return "1 row" if count == 1 else f"{count:,} rows"


def _undelivered(fates: Fates, failure: str | None) -> str:
    reason = f": {failure}" if failure else ""
    return f"Heap did not take {rows(fates.undelivered)}{reason}. Nothing is lost: run the same command again."


def _rejected(plan: Plan, fates: Fates) -> str:
    parts = [f"{rows(fates.rejected)} {'was' if fates.rejected == 1 else 'were'} rejected"] if fates.rejected else []
    if plan.standing:
        verb = "stands" if plan.standing == 1 else "stand"
        parts.append(f"{plan.standing if parts else rows(plan.standing)} {verb} rejected from earlier runs")
    return " and ".join(parts)


def _look(sync: Sync) -> str:
    return f"See which and why: dbt-heap rejects --select {sync.model.name}"
