"""How a run ended, and what holds a sync back, each with the sentence that says what to do."""

from __future__ import annotations

from dbt_heap.declarations.sync import Sync
from dbt_heap.ledger.fates import Fates
from dbt_heap.ledger.guards import rows
from dbt_heap.ledger.plans import Plan
from dbt_heap.results import Status


def gated(sync: Sync, why: str) -> str:
    """What to do about a model that is not as it should be."""
    return (
        f"{why}. Run dbt again once that is fixed, or send its rows as they are: "
        f"dbt-heap sync --no-gate --select {sync.model.name}"
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
