"""The outcome of a sync: its status and message, acknowledgements of verdicts, and the figures of its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.errors import counted
from dbt_heap.state.log import Acknowledgement, RowCounts
from dbt_heap.state.plan import Plan
from dbt_heap.syncs.sync import Sync


def outcome(
    plan: Plan, counts: RowCounts, *, stopped: bool, failure: str | None, pending: int = 0
) -> tuple[Status, str | None]:
    """Return how a sync ended, and what to do about it. `pending` rows wait for Heap to delete their users."""
    sync = plan.sync
    if pending and pending == counts.undelivered and failure is None:
        return Status.PARTIAL, (
            f"Heap has not reported yet that it has deleted {counted(pending, 'user')}. No sync sends them. To check "
            "again, run the same command again."
        )
    if counts.undelivered and stopped:
        rows = counted(counts.undelivered, "row")
        return Status.PARTIAL, f"stopped with {rows} left; run the same command again for the rest."
    if counts.undelivered:
        return Status.UNDELIVERED, _undelivered(counts, failure)
    rejected = counts.rejected + plan.still_rejected
    if rejected == 0:
        return Status.SUCCESS, None
    if rejected <= sync.allow_rejected.of(plan.model_rows or 0):
        return Status.WARN, f"{_rejected(plan, counts)}, within allow_rejected ({sync.allow_rejected}). {_look(sync)}"
    return Status.REJECTED, f"{_rejected(plan, counts)}. {_look(sync)}"


def _undelivered(counts: RowCounts, failure: str | None) -> str:
    reason = f": {failure}" if failure else ""
    rows = counted(counts.undelivered, "row")
    return f"Heap did not take {rows}{reason}. Nothing is lost: run the same command again."


def _rejected(plan: Plan, counts: RowCounts) -> str:
    rows = f"{counted(counts.rejected, 'row')} {'was' if counts.rejected == 1 else 'were'}"
    parts = [f"{rows} rejected"] if counts.rejected else []
    if plan.still_rejected:
        still = f"{plan.still_rejected:,}" if parts else counted(plan.still_rejected, "row")
        parts.append(f"{still} {'is' if plan.still_rejected == 1 else 'are'} still rejected from earlier runs")
    return " and ".join(parts)


def _look(sync: Sync) -> str:
    return f"See which and why: dbt-heap rejects --select {sync.model.name}"


def blank_result(sync: Sync, status: Status = Status.ERROR, message: str | None = None) -> SyncResult:
    """Return the result of a sync that has planned nothing yet."""
    return SyncResult(sync.name, str(sync.type), sync.model.unique_id, status, message=message)


def acknowledgements(verdict: Verdict) -> Iterator[Acknowledgement]:
    """Yield a verdict as rows for the warehouse: one for a batch that was accepted, one for each row that differs."""
    for reject in verdict.rejects:
        yield Acknowledgement(verdict.batch, reject.seq, "rejected", str(reject.reason), reject.property)
    if verdict.accepted and not (verdict.accepted_seqs or verdict.undelivered or verdict.pending):
        yield Acknowledgement(verdict.batch, None, "accepted")
    for seq in verdict.accepted_seqs:
        yield Acknowledgement(verdict.batch, seq, "accepted")


def row_counts(plan: Plan, verdicts: Iterable[Verdict]) -> RowCounts:
    """Return the outcome of the planned rows; those without a verdict are undelivered."""
    accepted = sum(verdict.accepted for verdict in verdicts)
    rejected = plan.rejected + sum(len(verdict.rejects) for verdict in verdicts)
    return RowCounts(plan.planned, accepted, rejected)


def with_plan(result: SyncResult, plan: Plan) -> SyncResult:
    """Return a result with the figures of its plan: nothing is delivered yet."""
    return replace(
        result,
        **RowCounts(plan.planned).as_dict(),
        new=plan.new,
        changed=plan.changed,
        still_rejected=plan.still_rejected,
        skipped=plan.skipped,
        deleted=plan.deleted,
        missing_keys=plan.missing_keys,
        rekeyed_rows=plan.rekeyed_rows,
        properties=dict(plan.properties),
        reasons=dict(plan.reasons),
    )


def with_verdicts(result: SyncResult, plan: Plan, verdicts: Sequence[Verdict]) -> SyncResult:
    """Return a result with the verdicts so far."""
    reasons = dict(result.reasons)
    for reject in (reject for verdict in verdicts for reject in verdict.rejects):
        reasons[str(reject.reason)] = reasons.get(str(reject.reason), 0) + 1
    return replace(
        result,
        **row_counts(plan, verdicts).as_dict(),
        reasons=reasons,
        truncated=sum(verdict.cut for verdict in verdicts),
        requests=sum(verdict.requests for verdict in verdicts),
        bytes=sum(verdict.sent_bytes for verdict in verdicts),
    )
