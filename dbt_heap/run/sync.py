"""The whole flow of one `dbt-heap sync`. No SQL, no HTTP, nothing printed.

manifest -> declared syncs -> plan -> payloads -> batches -> Heap -> verdicts -> acknowledgements -> results
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from dbt_heap import __version__
from dbt_heap.delivery.results import Results, Status, SyncResult
from dbt_heap.delivery.throttle import Breaker, RateLimiter
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.errors import HeapError, RunningError
from dbt_heap.heap.client import Heap
from dbt_heap.heap.deletion_client import HeapDeletions
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.project.settings import Destination, api_key
from dbt_heap.run.deliveries import RecordDelivery, RunChannel, UserDeletions
from dbt_heap.run.options import NullObserver, Observer, SyncOptions
from dbt_heap.run.outcome import acknowledgements, blank_result, outcome, row_counts, with_plan, with_verdicts
from dbt_heap.run.schedule import Schedule, held_back, mistaken_results, schedule_syncs
from dbt_heap.state.deletion_log import Deletions
from dbt_heap.state.history import delete_old
from dbt_heap.state.names import new_run_id
from dbt_heap.state.open import open_state
from dbt_heap.state.plan import Plan
from dbt_heap.state.session import SyncSession, open_session
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, SyncType

_not_started = partial(blank_result, status=Status.SKIPPED, message="not started; run the same command again.")


def sync(invocation: Invocation, options: SyncOptions | None = None, observer: Observer | None = None) -> Results:
    """Send what is new or changed in the selected syncs: users first, then accounts, then events.

    Write nothing but the state, and return what happened to each sync. Raises HeapError if no sync can start; an error
    of one sync, such as a mistake in its declaration, is in its result.
    """
    options, observer = options or SyncOptions(), observer or NullObserver()
    started, run_id = time.time(), new_run_id()
    target = invocation.settings.target or ""
    schedule, results = Schedule(()), mistaken_results(invocation)
    try:
        with open_state(invocation) as store:
            target = store.target
            schedule = schedule_syncs(invocation, store, options, observer)
            run = _Run(invocation, store, options, observer, run_id, schedule, options.deadline(started))
            for each in schedule.syncs:
                observer.started(each)
                failed = options.fail_fast and any(result.status.exit_code for result in results)
                results.append(_not_started(each) if failed or run.stopped() else run.result(each))
                observer.ended(results[-1])
            for warning in delete_old(store, invocation.project.heap_vars.retain_days, time.time()):
                observer.warn(warning)
    except RunningError as error:  # another process has the DuckDB file open
        if not options.skip_running:
            raise
        results += [blank_result(each, Status.SKIPPED, str(error)) for each in invocation.selected]
    return Results(
        run_id=run_id,
        dbt_heap_version=__version__,
        target=target,
        started_at=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        seconds=round(time.time() - started, 3),
        syncs=tuple(results),
        up_to_date=schedule.up_to_date,
        warnings=(*invocation.warnings, *schedule.warnings),
        notes=schedule.notes,
        project=invocation.project.name or invocation.manifest.project_name,
        manifest_generated_at=invocation.manifest.generated_at,
    )


@dataclass
class _Run:
    """One run's syncs, one after the other. Syncs of one Heap environment share its rate limit and its breaker."""

    invocation: Invocation
    store: StateStore  # as the last session read it
    options: SyncOptions
    observer: Observer
    run_id: str
    schedule: Schedule
    deadline: float
    limiters: dict[str, RateLimiter] = field(default_factory=dict)
    breakers: dict[tuple[str, SyncType], Breaker] = field(default_factory=dict)

    def stopped(self) -> bool:
        """Return whether nothing more may be sent."""
        return self.options.stop() or time.time() > self.deadline

    def result(self, sync: Sync) -> SyncResult:
        """Send one sync, from its lock to its last log entry, unless it is held back. Return its result."""
        if held := held_back(self.invocation, self.schedule, sync, may_delete=self.options.consent is not None):
            return held
        started = time.monotonic()
        result = blank_result(sync)
        try:
            destination = self.invocation.destination(sync, self.store.target)
            result = replace(result, destination=destination.label)
            self.store.models.check([sync], among=self.invocation.selected)
            with self._session(sync, destination) as session:
                for step in _SyncRun(self, sync, destination, session).steps(result):
                    result = step  # if a later step fails, the figures of this one stay
        except RunningError as error:
            skipped = self.options.skip_running and not result.planned
            result = replace(result, status=Status.SKIPPED if skipped else Status.ERROR, message=str(error))
        except HeapError as error:
            result = replace(result, status=Status.ERROR, message=str(error))
        return replace(result, seconds=round(time.monotonic() - started, 3))

    @contextmanager
    def _session(self, sync: Sync, destination: Destination) -> Iterator[SyncSession]:
        """Open a sync's session. The next session starts from what this one read of the state."""
        store, deletes = self.store, sync.type is SyncType.USER_DELETIONS
        if deletes:  # it changes the state of other syncs, even if it fails
            self.store = store.outdated()
        with open_session(store, sync, destination.label, self.run_id, resync=self.options.resync) as session:
            if not deletes:
                self.store = session.store
            yield session

    def breaker(self, sync: Sync, destination: Destination) -> Breaker:
        """Return the breaker that the syncs of one type share. A deletion is not sent again after one failure."""
        breaker = Breaker(1) if sync.type is SyncType.USER_DELETIONS else Breaker()
        return self.breakers.setdefault((destination.label, sync.type), breaker)

    def limiter(self, plan: Plan, destination: Destination) -> RateLimiter:
        """Return the limiter of the plan's destination, which all its event syncs share."""
        if plan.sync.type is not SyncType.EVENTS:
            return RateLimiter(None, time.monotonic)
        earlier, minute = self.store.log.recent_events(destination.label), self.options.minute
        fresh = RateLimiter(destination.events_per_minute, time.monotonic, earlier, minute_seconds=minute)
        limiter = self.limiters.setdefault(destination.label, fresh)
        limiter.announce(plan.sendable)
        return limiter


@dataclass(frozen=True)
class _SyncRun:
    """One sync of a run, while it has the sync's lock."""

    run: _Run
    sync: Sync
    destination: Destination
    session: SyncSession

    def steps(self, result: SyncResult) -> Iterator[SyncResult]:
        """Plan, deliver, acknowledge, close. Yield the result as it grows."""
        run, session = self.run, self.session
        with self._opened() as delivery:
            result = replace(result, notes=tuple(delivery.finish_earlier()))
            plan = session.plan(delivery.diff_options)
            per_minute = self.destination.events_per_minute if self.sync.type is SyncType.EVENTS else None
            run.observer.planned(plan, per_minute if per_minute and plan.sendable > per_minute else None)
            planned = with_plan(result, plan)
            if plan.first:
                hints = session.state.hints(run.invocation.project.heap_vars.account_id_property)
                planned = replace(planned, notes=(*planned.notes, *hints))
            yield planned
            if reason := delivery.refusal(plan):
                session.abandon(plan, str(Status.REFUSED))
                yield replace(planned, status=Status.REFUSED, message=reason)
                return
            verdicts: list[Verdict] = []
            for group in delivery.verdicts(plan) if plan.planned else ():
                session.acknowledge(row for verdict in group for row in acknowledgements(verdict))
                accepted = sum(verdict.accepted for verdict in group)
                run.observer.advanced(self.sync, accepted, sum(len(verdict.rejects) for verdict in group))
                verdicts += group
                yield with_verdicts(planned, plan, verdicts)
        counts = row_counts(plan, verdicts)
        breaker = run.breaker(self.sync, self.destination)
        failure = next((each.failure for each in verdicts if each.failure), breaker.reason)
        stopped = run.stopped() and failure is None
        status, message = outcome(plan, counts, stopped=stopped, failure=failure, pending=delivery.pending_rows)
        session.close(plan, str(status), counts, run.schedule.builds.get(self.sync.name))
        notes = (*planned.notes, *session.notes)
        yield replace(with_verdicts(planned, plan, verdicts), status=status, message=message, notes=notes)

    @contextmanager
    def _opened(self) -> Iterator[RecordDelivery | UserDeletions]:
        """Connect to Heap."""
        run, to, options = self.run, self.destination, self.run.options
        breaker, release = run.breaker(self.sync, to), run.store.warehouse.release
        if self.sync.type is SyncType.USER_DELETIONS:
            key = api_key(run.invocation.settings, run.invocation.project.heap_vars, self.sync.environment)
            deletions = Deletions(self.session.store, to.label, run.run_id, self.sync.name)
            with HeapDeletions(
                to.base_url, to.app_id, key, timeout_seconds=options.request_timeout, max_wait_seconds=options.max_wait
            ) as eraser:
                channel = RunChannel(self.session, eraser, eraser.ask, run.stopped, release)
                yield UserDeletions(options, self.session, deletions, eraser, channel, breaker)
            return
        retry, timeout = BoundedRetry.of(options.max_wait), options.request_timeout
        with Heap(to.base_url, to.app_id, in_flight=options.in_flight, timeout_seconds=timeout, retry=retry) as heap:
            channel = RunChannel(self.session, heap, partial(heap.send, self.sync.type), run.stopped, release)
            yield RecordDelivery(options, self.session, channel, breaker, partial(run.limiter, destination=to))
