"""The two kinds of delivery: new and changed rows, and users to delete.

Users are submitted, awaited and purged from the state. Once a user is submitted, no sync sends that user. The next run
checks the requests that Heap has not completed.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from dbt_heap.delivery.sender import DeliverySettings, deliver
from dbt_heap.delivery.throttle import Breaker, RateLimiter
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.errors import counted
from dbt_heap.heap.client import Answer, Heap, Outcome
from dbt_heap.heap.deletion_client import COMPLETE, PENDING, HeapDeletions
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.records import BATCH, SEQ, Records, Row, batches, written_batches
from dbt_heap.http.limits import MAX_DELETIONS
from dbt_heap.run.options import SyncOptions
from dbt_heap.state.deletion_log import Deletions
from dbt_heap.state.plan import DiffOptions, Plan, refusal
from dbt_heap.state.session import SyncSession
from dbt_heap.syncs.sync import SyncType

POLL_SECONDS = 2.0  # before the first check of pending requests; each later wait is twice as long
LONGEST_POLL_SECONDS = 60.0
NAP_SECONDS = 0.5  # the longest wait before checking whether to stop
WAIT_SECONDS = 3600.0  # for Heap to complete the requests; after that the next run checks


@dataclass(frozen=True)
class RunChannel:
    """Heap and the run, as a delivery needs them."""

    session: SyncSession
    heap: Heap | HeapDeletions
    request: Callable[[Records], Answer]
    stopped: Callable[[], bool]
    release: Callable[[], None]  # of the warehouse's connection

    def send(self, records: Records) -> Answer:
        """Make one request. It may have been ready for a while: nothing is sent after a pause of the process."""
        self.session.check_lease()
        return self.request(records)

    def stop_retrying(self) -> None:
        """Retry no request any longer."""
        self.heap.stop_retrying()

    def should_continue(self) -> bool:
        """Return whether to send more: no one asked to stop, and the lease is still this run's."""
        self.session.heartbeat()
        return not self.stopped()

    def sleep(self, seconds: float) -> None:
        """Wait; other processes can use a DuckDB file meanwhile."""
        self.release()
        time.sleep(seconds)


@dataclass(frozen=True)
class RecordDelivery:
    """The delivery of one sync's new and changed rows."""

    options: SyncOptions
    session: SyncSession
    channel: RunChannel
    breaker: Breaker
    limiter: Callable[[Plan], RateLimiter]
    pending_rows: int = 0  # accepted rows are done, unlike deletions

    def finish_earlier(self) -> Sequence[str]:
        """Return no notes: earlier runs left nothing to finish."""
        return ()

    @property
    def diff_options(self) -> DiffOptions:
        """Return how to compare the model with the state."""
        return replace(self.options.compare, rekeyed=self.options.first_sync)

    def refusal(self, plan: Plan) -> str | None:
        """Return why a plan is not sent; None if it is."""
        return refusal(plan, first_sync=self.options.first_sync, allow_large=self.options.allow_large)

    def verdicts(self, plan: Plan) -> Iterator[Sequence[Verdict]]:
        """Send the rows of a plan; yield verdicts in groups."""
        self.session.begin(plan)
        rows = self.session.pages(plan)
        build = payload_builder(plan.sync, plan.columns, self.session.entry.namespace)
        ready = written_batches(rows) if self.session.yields_batches else batches(rows, build)
        in_flight = self.options.in_flight
        prefetch = 0 if plan.sync.type is SyncType.EVENTS else in_flight  # events wait for the rate limit
        settings = DeliverySettings(in_flight=in_flight, prefetch=prefetch)
        return deliver(ready, self.channel, settings, limiter=self.limiter(plan), breaker=self.breaker)


@dataclass
class UserDeletions:
    """The deletion of the users that one sync lists."""

    options: SyncOptions
    session: SyncSession
    deletions: Deletions
    heap: HeapDeletions
    channel: RunChannel
    breaker: Breaker
    _pending: dict[str, list[int]] = field(default_factory=dict)  # id of a request -> seqs of its rows
    _batch_of: dict[int, int] = field(default_factory=dict)  # seq -> batch

    def finish_earlier(self) -> Iterator[str]:
        """Purge the users that earlier runs submitted and Heap has deleted since, even if they left the model."""
        requests = self.deletions.open_requests()
        if done := [each for each in requests if self._is_complete(each, Breaker())]:
            self.deletions.log_deleted(done)
            count = sum(requests[each] for each in done)
            yield f"Heap has deleted {counted(count, 'user')} that an earlier run submitted; their state is purged"

    @property
    def diff_options(self) -> DiffOptions:
        """Return how to compare the model with the state."""
        return replace(self.options.compare, again=self.options.resync)

    def refusal(self, plan: Plan) -> str | None:
        """Return why the users may not be deleted; None if they may."""
        if reason := refusal(plan, first_sync=True, allow_large=self.options.allow_large):
            return reason
        self.channel.release()  # a person may take a while
        question = (
            f"{plan.sync.name}: Heap will permanently delete {counted(plan.sendable, 'user')} and all their data, in "
            "ALL environments of the project. Delete them?"
        )
        if plan.sendable and not (self.options.consent and self.options.consent(question)):
            return "no users were deleted, because the deletion was not confirmed"
        return None

    @property
    def pending_rows(self) -> int:
        """Return the number of rows whose deletion Heap has accepted but not completed."""
        return sum(map(len, self._pending.values()))

    def verdicts(self, plan: Plan) -> Iterator[Sequence[Verdict]]:
        """Submit the users of a plan and wait for Heap; yield verdicts in groups as rows get their outcome."""
        self.session.begin(plan)
        build = payload_builder(plan.sync, plan.columns, self.session.entry.namespace)
        settings = DeliverySettings(in_flight=1, max_records=MAX_DELETIONS, group_batches=1)
        for group in deliver(
            batches(self._new_rows(plan), build), self.channel, settings,
            limiter=RateLimiter(None, time.monotonic), breaker=self.breaker,
        ):  # fmt: skip
            for verdict in group:
                for request_id, seqs in verdict.pending.items():
                    self.deletions.log_requested(self.session.arguments, request_id, seqs)
                    self._pending.setdefault(request_id, []).extend(seqs)
            yield group
        yield from self._completed()

    def _new_rows(self, plan: Plan) -> list[Row]:
        """Return the rows that are in no open request. From now on no sync sends the users of the plan."""
        rows = list(self.session.pages(plan))
        self._batch_of = {row[SEQ]: row[BATCH] for row in rows}
        open_rows = self.deletions.open_rows(self.session.arguments)
        for seq, request_id in open_rows.items():
            self._pending.setdefault(request_id, []).append(seq)
        self.deletions.log_asked(self.session.arguments)
        return [row for row in rows if row[SEQ] not in open_rows]

    def _completed(self) -> Iterator[Sequence[Verdict]]:
        """Check the pending requests until all are complete, time is up, Heap fails or the run stops."""
        wait = POLL_SECONDS
        until = time.monotonic() + WAIT_SECONDS
        while self._pending:
            if done := [each for each in list(self._pending) if self._is_complete(each, self.breaker)]:
                self.deletions.log_deleted(done)
                yield self._accepted(seq for request_id in done for seq in self._pending.pop(request_id))
            if not self._pending or self.breaker.open or not self._waited(wait, until):
                return
            wait = min(2 * wait, LONGEST_POLL_SECONDS)

    def _is_complete(self, request_id: str, breaker: Breaker) -> bool:
        progress = self.heap.progress(request_id)
        if progress.answer.outcome is not Outcome.ACCEPTED:
            breaker.trip(progress.answer.reason)
        elif progress.status not in (COMPLETE, PENDING):
            self.deletions.log_lost([request_id])  # Heap does not know it: the next run submits its users again
            self._pending.pop(request_id, None)
        return progress.status == COMPLETE

    def _waited(self, seconds: float, until: float) -> bool:
        """Wait. Return whether there is time left, and the run continues."""
        end = time.monotonic() + seconds
        while time.monotonic() < min(end, until):
            if not self.channel.should_continue():
                return False
            self.channel.sleep(min(NAP_SECONDS, seconds))
        return time.monotonic() < until

    def _accepted(self, seqs: Iterator[int]) -> Sequence[Verdict]:
        """Return one verdict for each batch that has some of the rows."""
        by_batch: dict[int, list[int]] = defaultdict(list)
        for seq in seqs:
            by_batch[self._batch_of[seq]].append(seq)
        return [
            Verdict(batch, len(rows), accepted_seqs=tuple(sorted(rows))) for batch, rows in sorted(by_batch.items())
        ]
