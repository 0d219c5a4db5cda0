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
from dbt_heap.delivery.throttle import Breaker, Pace
from dbt_heap.delivery.verdicts import Verdict
from dbt_heap.errors import HeapError, RunningError
from dbt_heap.heap.batches import batches, written_batches
from dbt_heap.heap.client import Answer, Heap
from dbt_heap.heap.deletion_client import HeapDeletions
from dbt_heap.heap.payload import payload_builder
from dbt_heap.heap.records import Records
from dbt_heap.http.retry import Patience
from dbt_heap.project.settings import Destination, api_key
from dbt_heap.run.deletion import NOT_ALLOWED, DeletionStages
from dbt_heap.run.options import Nobody, Observer, Orders, report
from dbt_heap.run.outcome import acknowledgements, blank_result, fates_of, judged, with_plan, with_verdicts
from dbt_heap.run.schedule import Agenda, agenda, mistaken_results, must_know_where, waits
from dbt_heap.state.compare import Ledger
from dbt_heap.state.guards import refusal
from dbt_heap.state.history import tidy
from dbt_heap.state.names import new_run_id
from dbt_heap.state.open import open_ledger
from dbt_heap.state.plan import Plan
from dbt_heap.state.session import Turn
from dbt_heap.syncs.invocation import Invocation, bear
from dbt_heap.syncs.sync import Sync, SyncType


def sync(invocation: Invocation, orders: Orders | None = None, observer: Observer | None = None) -> Results:
    """What became of every selected sync: users first, then accounts, then events. Writes nothing but the state.

    Raises HeapError if no sync can begin; what goes wrong in one sync, mistakes in its declaration included, is in its
    result.
    """
    orders, watching = orders or Orders(), observer or Nobody()
    started = time.time()
    run_id = new_run_id()
    today = Agenda(())
    ended = mistaken_results(invocation)
    try:
        with open_ledger(invocation) as ledger:
            before = ledger.state
            report(watching, invocation.warnings)
            must_know_where(invocation, ledger.target, deleting=orders.consent is not None)
            report(watching, before.warnings(), before.news())
            bear(before.warnings(), invocation.settings)
            today = agenda(invocation, ledger, built=orders.built, gate=orders.gate)
            report(watching, today.warnings, today.notes)
            run = _Run(invocation, ledger, orders, watching, run_id, today.builds, deadline=_deadline(started, orders))
            for each in today.syncs:
                failed = orders.fail_fast and any(result.status.exit_code for result in ended)
                watching.started(each)
                out = _left_out(each) if failed or run.stopped() else _held_back(each, today, orders, invocation)
                ended.append(out or run.turn(each))
                watching.ended(ended[-1])
            report(watching, tidy(before, invocation.project.heap_vars.retain_days, time.time()))
            target = ledger.target
    except RunningError as held:  # of a DuckDB file, before any sync could begin
        if not orders.skip_running:
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
        self, invocation: Invocation, ledger: Ledger, orders: Orders, observer: Observer, run_id: str,
        builds: Mapping[str, str], *, deadline: float,
    ) -> None:  # fmt: skip
        self._run_id = run_id
        self._invocation = invocation
        self._ledger = ledger
        self._orders = orders
        self._observer = observer
        self._builds = builds
        self._deadline = deadline
        self._paces: dict[str, Pace] = {}
        self._breakers: dict[tuple[str, SyncType], Breaker] = {}

    def stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._orders.stop() or time.time() > self._deadline

    def turn(self, sync: Sync) -> SyncResult:
        """One sync's whole way, from its lock to its closing entry."""
        started = time.monotonic()
        result = blank_result(sync)
        try:
            destination = self._invocation.destination(sync, self._ledger.target)
            result = replace(result, destination=destination.label)
            self._ledger.check([sync], among=self._invocation.selected)
            with self._ledger.turn(sync, destination.label, self._run_id, resync=self._orders.resync) as turn:
                deleting = sync.type is SyncType.USER_DELETIONS
                stages = self._deletion_stages if deleting else self._stages
                for stage in stages(turn, destination, sync, result):
                    result = stage  # where a later one fails, this one's figures stand
        except RunningError as error:
            skipped = self._orders.skip_running and not result.planned
            result = replace(result, status=Status.SKIPPED if skipped else Status.ERROR, message=str(error))
        except HeapError as error:
            result = replace(result, status=Status.ERROR, message=str(error))
        return replace(result, seconds=round(time.monotonic() - started, 3))

    def _stages(self, turn: Turn, destination: Destination, sync: Sync, result: SyncResult) -> Iterator[SyncResult]:
        """The result as it grows: planned, with each group of verdicts that is acknowledged, and closed."""
        options = replace(self._orders.compare, rekeyed=self._orders.first_sync)
        plan = turn.plan(self._ledger.compare(sync, destination.label, options))
        per_minute = destination.events_per_minute if sync.type is SyncType.EVENTS else None
        self._observer.planned(plan, per_minute if per_minute and plan.sendable > per_minute else None)
        planned = with_plan(result, plan)
        if plan.first:
            planned = replace(planned, notes=self._ledger.hints(sync, destination.label))
        yield planned
        if why := refusal(plan, first_sync=self._orders.first_sync, allow_large=self._orders.allow_large):
            turn.abandon(plan, str(Status.REFUSED))
            yield replace(planned, status=Status.REFUSED, message=why)
            return
        verdicts: list[Verdict] = []
        for group in self._delivered(plan, turn, destination):
            verdicts += group
            yield with_verdicts(planned, plan, verdicts)
        fates = fates_of(plan, verdicts)
        failure = next((each.failure for each in verdicts if each.failure), self._breaker(sync, destination).reason)
        status, message = judged(plan, fates, stopped=self.stopped() and failure is None, failure=failure)
        turn.close(plan, str(status), fates, self._builds.get(sync.name))
        ended = with_verdicts(planned, plan, verdicts)
        yield replace(ended, status=status, message=message, notes=(*ended.notes, *turn.notes))

    def _deletion_stages(
        self, turn: Turn, destination: Destination, sync: Sync, result: SyncResult
    ) -> Iterator[SyncResult]:
        """The same where Heap is asked to delete the rows' people."""
        key = api_key(self._invocation.settings, self._invocation.project.heap_vars, sync.environment)
        with HeapDeletions(
            destination.base_url, destination.app_id, key,
            timeout_seconds=self._orders.request_timeout, max_wait_seconds=self._orders.max_wait,
        ) as heap:  # fmt: skip
            yield from DeletionStages(
                sync, destination.label, turn, self._ledger,
                self._ledger.deletions(destination.label, self._run_id, sync.name), heap, self._orders, self._observer,
                stopped=self.stopped, sleep=self._sleep, build=self._builds.get(sync.name),
            )(result)  # fmt: skip

    def _delivered(self, plan: Plan, turn: Turn, destination: Destination) -> Iterator[Sequence[Verdict]]:
        """The verdicts on a plan's batches in groups, each acknowledged in the warehouse before it is told."""
        if not plan.planned:
            return
        turn.begin(plan)
        rows = turn.pages(plan)
        build = payload_builder(plan.sync, plan.columns, turn.entry.namespace)
        orders = self._orders
        with Heap(
            destination.base_url, destination.app_id, in_flight=orders.in_flight,
            timeout_seconds=orders.request_timeout, patience=Patience.of(orders.max_wait),
        ) as heap:  # fmt: skip
            for group in deliver(
                written_batches(rows) if turn.written else batches(rows, build),
                send=partial(_sent, turn, heap, plan.sync.type),
                pace=self._pace(plan, destination),
                in_flight=orders.in_flight,
                ahead=0 if plan.sync.type is SyncType.EVENTS else orders.in_flight,  # events wait for the pace
                sleep=self._sleep,
                clock=time.monotonic,
                go_on=partial(self._goes_on, turn),
                hurry=heap.hurry,
                breaker=self._breaker(plan.sync, destination),
            ):
                turn.acknowledge(row for verdict in group for row in acknowledgements(verdict))
                accepted = sum(verdict.accepted for verdict in group)
                self._observer.advanced(plan.sync, accepted, sum(len(verdict.rejects) for verdict in group))
                yield group

    def _goes_on(self, turn: Turn) -> bool:
        """Whether to send more: as long as nobody asks to stop and the lease is ours."""
        turn.beat()
        return not self.stopped()

    def _sleep(self, seconds: float) -> None:
        """Waits for the pace; a DuckDB file is free for others meanwhile."""
        self._ledger.state.warehouse.release()
        time.sleep(seconds)

    def _breaker(self, sync: Sync, destination: Destination) -> Breaker:
        """What knows whether Heap answers at the address of such a sync."""
        return self._breakers.setdefault((destination.label, sync.type), Breaker())

    def _pace(self, plan: Plan, destination: Destination) -> Pace:
        """The limiter of the plan's destination, which all its event syncs share."""
        if plan.sync.type is not SyncType.EVENTS:
            return Pace(None, time.monotonic)
        earlier, minute = self._ledger.state.recent_events(destination.label), self._orders.minute
        fresh = Pace(destination.events_per_minute, time.monotonic, earlier, minute_seconds=minute)
        pace = self._paces.setdefault(destination.label, fresh)
        pace.expect(plan.sendable)
        return pace


def _sent(turn: Turn, heap: Heap, sync_type: SyncType, records: Records) -> Answer:
    """What Heap says to a request. It may have been ready for a while: nothing is sent after a pause of the process."""
    turn.be_on_time()
    return heap.send(sync_type, records)


def _left_out(sync: Sync) -> SyncResult:
    """A sync that was not begun, because the run was stopped before."""
    return blank_result(sync, Status.SKIPPED, "not begun; run the same command again.")


def _held_back(sync: Sync, today: Agenda, orders: Orders, invocation: Invocation) -> SyncResult | None:
    """The result of a sync whose model is not as it should be, or that may not delete; None where it may go."""
    if sync.type is SyncType.USER_DELETIONS:
        if orders.consent is None:
            return blank_result(sync, Status.SKIPPED, NOT_ALLOWED)
        if why := waits(invocation):
            return blank_result(sync, Status.ERROR, why)
    held_back = today.held_back.get(sync.name)
    return blank_result(sync, Status.GATED, held_back) if held_back else None


def _deadline(started: float, orders: Orders) -> float:
    return float("inf") if orders.max_minutes is None else started + 60 * orders.max_minutes
