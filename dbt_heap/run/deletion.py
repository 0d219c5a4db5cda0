"""A deletion's turn: planned, agreed to, asked of Heap, waited for, purged from the state, closed.

Whom Heap was asked about, no sync sends from then on. What Heap has not reported complete when a run ends, the next one
takes up by the request's id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dbt_heap.delivery.results import Status, SyncResult
from dbt_heap.errors import counted
from dbt_heap.heap.client import Outcome
from dbt_heap.heap.deletion_client import COMPLETE, PENDING, HeapDeletions
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.records import BATCH, SEQ, Payload, Records
from dbt_heap.heap.rejects import Reason, Reject
from dbt_heap.http.limits import MAX_DELETIONS
from dbt_heap.run.options import Observer, SyncOptions
from dbt_heap.run.outcome import judged, with_plan
from dbt_heap.state.deletion_log import Deletions
from dbt_heap.state.log import Acknowledgement, RowCounts
from dbt_heap.state.plan import Plan, refusal
from dbt_heap.state.session import SyncSession
from dbt_heap.syncs.sync import Sync

POLL_SECONDS = 2.0  # before Heap is asked again how far it is; twice as long each time
LONGEST_POLL_SECONDS = 60.0
NAP_SECONDS = 0.5  # in which nobody asks whether to stop
WAIT_SECONDS = 3600.0  # for Heap to report a deletion complete; after that the next run waits

NOT_ALLOWED = (
    "deletion is off. `dbt-heap plan` counts whom Heap would be asked to delete; to have them deleted: "
    "dbt-heap sync --allow-deletions"
)


def question(plan: Plan) -> str:
    """What is asked before anybody is deleted."""
    return (
        f"{plan.sync.name}: Heap will delete {counted(plan.sendable, 'user')} and all their data, in ALL environments "
        "of the project, for good. Delete them?"
    )


@dataclass
class _Tally:
    """What became of the rows so far."""

    waiting: dict[str, list[int]] = field(default_factory=dict)  # request -> seqs of its rows
    accepted: int = 0
    rejected: int = 0
    requests: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    failure: str | None = None


@dataclass
class DeletionStages:
    """One sync's turn, with all that it needs."""

    sync: Sync
    session: SyncSession
    deletions: Deletions
    heap: HeapDeletions
    options: SyncOptions
    observer: Observer
    stopped: Callable[[], bool]
    sleep: Callable[[float], None]
    build: str | None  # dbt's invocation that built the model

    def __call__(self, result: SyncResult) -> Iterator[SyncResult]:
        """The result as it grows, as of any other sync."""
        result = replace(result, notes=tuple(self._earlier()))
        options = replace(self.options.compare, rekeyed=True, again=self.options.resync)
        plan = self.session.plan(options)
        self.observer.planned(plan, None)
        planned = with_plan(result, plan)
        yield planned
        if why := self._refusal(plan):
            self.session.abandon(plan, str(Status.REFUSED))
            yield replace(planned, status=Status.REFUSED, message=why)
            return
        tally = _Tally()
        for _ in self._carried_out(plan, tally) if plan.planned else ():
            yield self._so_far(planned, plan, tally)
        status, message = self._judged(plan, tally)
        self.session.close(plan, str(status), _row_counts(plan, tally), self.build)
        ended = self._so_far(planned, plan, tally)
        yield replace(ended, status=status, message=message, notes=(*ended.notes, *self.session.notes))

    def _refusal(self, plan: Plan) -> str | None:
        """Why nobody may be deleted; None where they may."""
        if why := refusal(plan, first_sync=True, allow_large=self.options.allow_large):
            return why
        self.session.store.warehouse.release()  # a person may think about it
        if plan.sendable and not (self.options.consent and self.options.consent(question(plan))):
            return "nobody was deleted: it was not agreed to"
        return None

    def _earlier(self) -> Iterator[str]:
        """What earlier runs have asked for and Heap has done since leaves the state, whoever is in the model now."""
        requests = self.deletions.open_requests()
        done = [each for each in requests if self._is_complete(each, _Tally())]
        if done:
            self.deletions.log_deleted(done)
            users = counted(sum(requests[each] for each in done), "user")
            yield f"Heap has deleted {users} that an earlier run asked for, and they have left the state"

    def _carried_out(self, plan: Plan, tally: _Tally) -> Iterator[None]:
        """Asks, waits and purges; yields whenever more rows have their fate."""
        self.session.begin(plan)
        found = list(self.session.pages(plan))
        batch_of = {row[SEQ]: row[BATCH] for row in found}
        build = payload_builder(self.sync, plan.columns, self.session.entry.namespace)
        built = [build(row) for row in found]
        self._reject((each for each in built if isinstance(each, Reject)), batch_of, tally)
        for seq, request_id in self.deletions.open_rows(self.session.arguments).items():
            tally.waiting.setdefault(request_id, []).append(seq)
        waiting = {seq for seqs in tally.waiting.values() for seq in seqs}
        self.deletions.log_asked(self.session.arguments)
        payloads = [each for each in built if isinstance(each, Payload) and each.seq not in waiting]
        for start in range(0, len(payloads), MAX_DELETIONS):
            self._ask(payloads[start : start + MAX_DELETIONS], batch_of, tally)
        yield
        for done in self._completed(tally):
            self.deletions.log_deleted(done)
            seqs = [seq for request_id in done for seq in tally.waiting.pop(request_id)]
            self.session.acknowledge(Acknowledgement(batch_of[seq], seq, "accepted") for seq in seqs)
            tally.accepted += len(seqs)
            self.observer.advanced(self.sync, len(seqs), 0)
            yield

    def _ask(self, payloads: Sequence[Payload], batch_of: dict[int, int], tally: _Tally) -> None:
        """Asks Heap to delete some people. Where it refuses, the guilty one is found by halves."""
        if tally.failure or not self._goes_on():
            return
        asked = self.heap.ask(Records.of(payloads))
        tally.requests += 1 + asked.retries
        seqs = [each.seq for each in payloads]
        if asked.request_id:
            self.deletions.log_requested(self.session.arguments, asked.request_id, seqs)
            tally.waiting.setdefault(asked.request_id, []).extend(seqs)
        elif asked.outcome is not Outcome.REFUSED:
            tally.failure = asked.reason
        elif len(payloads) == 1:
            self._reject([Reject(seqs[0], Reason.REFUSED_BY_HEAP)], batch_of, tally)
        else:
            middle = len(payloads) // 2
            self._ask(payloads[:middle], batch_of, tally)
            self._ask(payloads[middle:], batch_of, tally)

    def _completed(self, tally: _Tally) -> Iterator[list[str]]:
        """The requests that Heap reports complete, as it does: until the last one, or the end of time or of Heap."""
        wait = POLL_SECONDS
        until = time.monotonic() + WAIT_SECONDS
        while tally.waiting:
            if done := [each for each in list(tally.waiting) if self._is_complete(each, tally)]:
                yield done
            if not tally.waiting or tally.failure or not self._waits(wait, until):
                return
            wait = min(2 * wait, LONGEST_POLL_SECONDS)

    def _is_complete(self, request_id: str, tally: _Tally) -> bool:
        progress = self.heap.progress(request_id)
        if progress.answer.outcome is not Outcome.ACCEPTED:
            tally.failure = progress.answer.reason
        elif progress.status not in (COMPLETE, PENDING):  # it knows nothing of it: the next run asks anew
            self.deletions.log_lost([request_id])
            tally.waiting.pop(request_id, None)
        return progress.status == COMPLETE

    def _waits(self, seconds: float, until: float) -> bool:
        """Whether there was time to wait so long, and still is to go on."""
        end = time.monotonic() + seconds
        while time.monotonic() < min(end, until):
            if not self._goes_on():
                return False
            self.sleep(min(NAP_SECONDS, seconds))
        return time.monotonic() < until

    def _goes_on(self) -> bool:
        """Whether to go on: as long as nobody asks to stop and the lease is ours."""
        self.session.heartbeat()
        return not self.stopped()

    def _reject(self, rejects: Iterable[Reject], batch_of: dict[int, int], tally: _Tally) -> None:
        found = list(rejects)
        self.session.acknowledge(
            Acknowledgement(batch_of[each.seq], each.seq, "rejected", str(each.reason), each.property) for each in found
        )
        for each in found:
            tally.reasons[str(each.reason)] = tally.reasons.get(str(each.reason), 0) + 1
        tally.rejected += len(found)
        self.observer.advanced(self.sync, 0, len(found))

    def _judged(self, plan: Plan, tally: _Tally) -> tuple[Status, str | None]:
        waiting = sum(map(len, tally.waiting.values()))
        counts = _row_counts(plan, tally)
        if waiting and waiting == counts.undelivered and not tally.failure:
            return Status.PARTIAL, (
                f"Heap has not reported yet that it has deleted {counted(waiting, 'user')}. Nothing is lost, and no "
                "sync sends them: run the same command again to hear of it."
            )
        return judged(plan, counts, stopped=self.stopped() and tally.failure is None, failure=tally.failure)

    def _so_far(self, planned: SyncResult, plan: Plan, tally: _Tally) -> SyncResult:
        counts = _row_counts(plan, tally)
        reasons = dict(planned.reasons)
        for reason, count in tally.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return replace(
            planned, accepted=counts.accepted, rejected=counts.rejected, undelivered=counts.undelivered,
            reasons=reasons, requests=tally.requests,
        )  # fmt: skip


def _row_counts(plan: Plan, tally: _Tally) -> RowCounts:
    rejected = plan.rejected + tally.rejected
    return RowCounts(tally.accepted, rejected, plan.planned - tally.accepted - rejected)
