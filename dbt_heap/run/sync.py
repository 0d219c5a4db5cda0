"""The conductor: one readable function from declared syncs to results. No SQL, no HTTP, nothing printed.

manifest -> declared syncs -> plan -> payloads -> batches -> Heap -> verdicts -> acknowledgement -> results
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from dbt_heap import __version__
from dbt_heap.delivery.results import Results, Status, SyncResult
from dbt_heap.delivery.sender import deliver
from dbt_heap.delivery.throttle import Breaker, RateLimiter
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.errors import HeapError, RunningError
from dbt_heap.heap.client import Answer, Heap
from dbt_heap.heap.deletion_client import HeapDeletions
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.records import Records, batches, written_batches
from dbt_heap.http.retry import BoundedRetry
from dbt_heap.project.settings import Destination, api_key
from dbt_heap.run.deletion import NOT_ALLOWED, DeletionStages
from dbt_heap.run.options import NullObserver, Observer, SyncOptions, report
from dbt_heap.run.outcome import acknowledgements, blank_result, judged, row_counts, with_plan, with_verdicts
from dbt_heap.run.schedule import Agenda, agenda, mistaken_results, must_know_where, waits
from dbt_heap.state.deletion_log import Deletions
from dbt_heap.state.history import delete_old
from dbt_heap.state.names import new_run_id
from dbt_heap.state.open import open_state
from dbt_heap.state.plan import Plan, refusal
from dbt_heap.state.session import SyncSession, open_session
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.invocation import Invocation, raise_if_warn_error
from dbt_heap.syncs.sync import Sync, SyncType

_not_begun = partial(blank_result, status=Status.SKIPPED, message="not begun; run the same command again.")


def sync(invocation: Invocation, options: SyncOptions | None = None, observer: Observer | None = None) -> Results:
    """What became of every selected sync: users first, then accounts, then events. Writes nothing but the state.

    Raises HeapError if no sync can begin; what goes wrong in one sync, mistakes in its declaration included, is in its
    result.
    """
    options, watching = options or SyncOptions(), observer or NullObserver()
    started = time.time()
    run_id = new_run_id()
    today = Agenda(())
    ended = mistaken_results(invocation)
    try:
        with open_state(invocation) as store:
            report(watching, invocation.warnings)
            must_know_where(invocation, store.target, deleting=options.consent is not None)
            report(watching, store.warnings(), store.notes())
            raise_if_warn_error(store.warnings(), invocation.settings)
            today = agenda(invocation, store, built=options.built, gate=options.gate)
            report(watching, today.warnings, today.notes)
            run = _Run(invocation, store, options, watching, run_id, today.builds, options.deadline(started))
            for each in today.syncs:
                failed = options.fail_fast and any(result.status.exit_code for result in ended)
                watching.started(each)
                if failed or run.stopped():
                    out: SyncResult | None = _not_begun(each)
                else:
                    out = _held_back(each, today, options, invocation)
                ended.append(out or run.session(each))
                watching.ended(ended[-1])
            report(watching, delete_old(store, invocation.project.heap_vars.retain_days, time.time()))
            target = store.target
    except RunningError as held:  # of a DuckDB file, before any sync could begin
        if not options.skip_running:
            raise
        target = invocation.settings.target or ""
        ended += [blank_result(each, Status.SKIPPED, str(held)) for each in invocation.selected]
    return Results(
        run_id=run_id,
        dbt_heap_version=__version__,
        target=target,
        started_at=datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        seconds=round(time.time() - started, 3),
        syncs=tuple(ended),
        up_to_date=today.up_to_date,
        warnings=(*invocation.warnings, *today.warnings),
        notes=today.notes,
        project=invocation.project.name or invocation.manifest.project_name,
        manifest_generated_at=invocation.manifest.generated_at,
    )


class _Run:
    """One invocation's syncs, one after the other; syncs of the same app share its limit."""

    def __init__(
        self, invocation: Invocation, store: StateStore, options: SyncOptions, observer: Observer, run_id: str,
        builds: Mapping[str, str], deadline: float,
    ) -> None:  # fmt: skip
        self._run_id = run_id
        self._invocation = invocation
        self._store = store  # as the last session read it
        self._options = options
        self._observer = observer
        self._builds = builds
        self._deadline = deadline
        self._paces: dict[str, RateLimiter] = {}
        self._breakers: dict[tuple[str, SyncType], Breaker] = {}

    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._options.stop() or time.time() > self._deadline

    def session(self, sync: Sync) -> SyncResult:
        """One sync's whole way, from its lock to its closing entry."""
        started = time.monotonic()
        result = blank_result(sync)
        try:
            destination = self._invocation.destination(sync, self._store.target)
            result = replace(result, destination=destination.label)
            self._store.models.check([sync], among=self._invocation.selected)
            store, deleting = self._store, sync.type is SyncType.USER_DELETIONS
            if deleting:  # it changes the state of other syncs, even if it fails
                self._store = store.outdated()
            with open_session(store, sync, destination.label, self._run_id, resync=self._options.resync) as session:
                self._store = self._store if deleting else session.store
                stages = self._deletion_stages if deleting else self._stages
                for stage in stages(session, destination, sync, result):
                    result = stage  # where a later one fails, this one's figures stand
        except RunningError as error:
            skipped = self._options.skip_running and not result.planned
            result = replace(result, status=Status.SKIPPED if skipped else Status.ERROR, message=str(error))
        except HeapError as error:
            result = replace(result, status=Status.ERROR, message=str(error))
        return replace(result, seconds=round(time.monotonic() - started, 3))

    def _stages(
        self, session: SyncSession, destination: Destination, sync: Sync, result: SyncResult
    ) -> Iterator[SyncResult]:
        """The result as it grows: planned, with each group of verdicts that is acknowledged, and closed."""
        options = replace(self._options.compare, rekeyed=self._options.first_sync)
        plan = session.plan(options)
        per_minute = destination.events_per_minute if sync.type is SyncType.EVENTS else None
        self._observer.planned(plan, per_minute if per_minute and plan.sendable > per_minute else None)
        planned = with_plan(result, plan)
        if plan.first:
            planned = replace(
                planned, notes=session.state.hints(self._invocation.project.heap_vars.account_id_property)
            )
        yield planned
        if why := refusal(plan, first_sync=self._options.first_sync, allow_large=self._options.allow_large):
            session.abandon(plan, str(Status.REFUSED))
            yield replace(planned, status=Status.REFUSED, message=why)
            return
        verdicts: list[Verdict] = []
        for group in self._delivered(plan, session, destination):
            verdicts += group
            yield with_verdicts(planned, plan, verdicts)
        counts = row_counts(plan, verdicts)
        failure = next((each.failure for each in verdicts if each.failure), self._breaker(sync, destination).reason)
        status, message = judged(plan, counts, stopped=self.stopped() and failure is None, failure=failure)
        session.close(plan, str(status), counts, self._builds.get(sync.name))
        ended = with_verdicts(planned, plan, verdicts)
        yield replace(ended, status=status, message=message, notes=(*ended.notes, *session.notes))

    def _deletion_stages(
        self, session: SyncSession, destination: Destination, sync: Sync, result: SyncResult
    ) -> Iterator[SyncResult]:
        key = api_key(self._invocation.settings, self._invocation.project.heap_vars, sync.environment)
        with HeapDeletions(
            destination.base_url, destination.app_id, key,
            timeout_seconds=self._options.request_timeout, max_wait_seconds=self._options.max_wait,
        ) as heap:  # fmt: skip
            yield from DeletionStages(
                sync, session, Deletions(session.store, destination.label, self._run_id, sync.name), heap,
                self._options, self._observer,
                stopped=self.stopped, sleep=self._sleep, build=self._builds.get(sync.name),
            )(result)  # fmt: skip

    def _delivered(self, plan: Plan, session: SyncSession, destination: Destination) -> Iterator[Sequence[Verdict]]:
        """Yield the verdicts of a plan's batches in groups, each acknowledged in the warehouse first."""
        if not plan.planned:
            return
        session.begin(plan)
        rows = session.pages(plan)
        build = payload_builder(plan.sync, plan.columns, session.entry.namespace)
        options = self._options
        with Heap(
            destination.base_url, destination.app_id, in_flight=options.in_flight,
            timeout_seconds=options.request_timeout, retry=BoundedRetry.of(options.max_wait),
        ) as heap:  # fmt: skip
            for group in deliver(
                written_batches(rows) if session.yields_batches else batches(rows, build),
                send=partial(_sent, session, heap, plan.sync.type),
                pace=self._pace(plan, destination),
                in_flight=options.in_flight,
                ahead=0 if plan.sync.type is SyncType.EVENTS else options.in_flight,  # events wait for the pace
                sleep=self._sleep,
                clock=time.monotonic,
                should_continue=partial(self._goes_on, session),
                stop_retrying=heap.stop_retrying,
                breaker=self._breaker(plan.sync, destination),
            ):
                session.acknowledge(row for verdict in group for row in acknowledgements(verdict))
                accepted = sum(verdict.accepted for verdict in group)
                self._observer.advanced(plan.sync, accepted, sum(len(verdict.rejects) for verdict in group))
                yield group

    def _goes_on(self, session: SyncSession) -> bool:
        """Whether to send more: as long as nobody asks to stop and the lease is ours."""
        session.heartbeat()
        return not self.stopped()

    def _sleep(self, seconds: float) -> None:
        """Waits for the pace; a DuckDB file is free for others meanwhile."""
        self._store.warehouse.release()
        time.sleep(seconds)

    def _breaker(self, sync: Sync, destination: Destination) -> Breaker:
        return self._breakers.setdefault((destination.label, sync.type), Breaker())

    def _pace(self, plan: Plan, destination: Destination) -> RateLimiter:
        """The limiter of the plan's destination, which all its event syncs share."""
        if plan.sync.type is not SyncType.EVENTS:
            return RateLimiter(None, time.monotonic)
        earlier, minute = self._store.log.recent_events(destination.label), self._options.minute
        fresh = RateLimiter(destination.events_per_minute, time.monotonic, earlier, minute_seconds=minute)
        pace = self._paces.setdefault(destination.label, fresh)
        pace.expect(plan.sendable)
        return pace


def _sent(session: SyncSession, heap: Heap, sync_type: SyncType, records: Records) -> Answer:
    """What Heap says to a request. It may have been ready for a while: nothing is sent after a pause of the process."""
    session.check_lease()
    return heap.send(sync_type, records)


def _held_back(sync: Sync, today: Agenda, options: SyncOptions, invocation: Invocation) -> SyncResult | None:
    """The result of a sync whose model is not as it should be, or that may not delete; None where it may go."""
    if sync.type is SyncType.USER_DELETIONS:
        if options.consent is None:
            return blank_result(sync, Status.SKIPPED, NOT_ALLOWED)
        if why := waits(invocation):
            return blank_result(sync, Status.ERROR, why)
    held_back = today.held_back.get(sync.name)
    return blank_result(sync, Status.GATED, held_back) if held_back else None
