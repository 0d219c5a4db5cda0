"""One run's turn at one sync: the steps of the state machine, each one atomic statement, each safe to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from dbt_heap.errors import RunningError, StateError, WarehouseError
from dbt_heap.state import names
from dbt_heap.state.access import reading
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.contract import PlanArguments
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import Acknowledgement, LogEntry, RowCounts, Step
from dbt_heap.state.merge import Merge, doubted
from dbt_heap.state.plan import Comparison, Plan
from dbt_heap.state.store import State
from dbt_heap.state.views import property_names, show_synced, shown_names
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.warehouse.connection import Row

_PAGE_ROWS = 50_000  # fifty batches
_INSERT_ROWS = 1_000


class SyncSession:
    """Holds a sync's lock from its first step to its last; `entry` is the step written last.

    A step that finds the lock in other hands raises RunningError: what was sent until then is in doubt, not lost.
    """

    def __init__(self, state: State, lock: Lock, holder: Holder, entry: LogEntry, *, logs: bool = False) -> None:
        self._state = state
        self._lock = lock
        self._holder = holder
        self._lock.show()
        self.arguments: PlanArguments  # what the macros take as `plan`, once there is one
        self._names: dict[str, str] = {}
        self._logs = logs  # whether what was sent is kept in `<sync>__log`
        self.written = False  # whether the warehouse writes the records: a row of `pages` is a batch then
        self.notes: list[str] = []  # what else to know of the run, in sentences
        self._before = entry  # the newest entry of earlier runs
        self.entry = entry.opened_by(holder.run_id, holder.host, holder.pid)

    def recover(self, columns: Iterable[MappedColumn]) -> None:
        """Step 1: brings a dead run to its end. What it may have sent without a verdict is put in doubt.

        `columns` are those mapped now: it may have died before any view told their names.
        """
        self._names = property_names(columns)
        self.entry = self._before
        if self.entry.step is Step.PLANNED:
            self._log(Step.ABANDONED, status="interrupted", still_rejected=None)
        else:
            self._settle()
            self._log(
                Step.CLOSED, status="interrupted", still_rejected=None
            )  # which rejects stand, the next run finds out

    def sweep(self, keep: str | None) -> None:
        """Drops the tables of this sync that no entry names: what killed runs left behind.

        The dead run's lock that this one moved aside is kept: it refuses another heir who has read the same lock.
        """
        of_sync = self.entry.destination, self.entry.sync
        if self._state.unnamed(*of_sync):
            # Looked at again under the lock: since then another run may have ended, and its head is named by now.
            for table in self._state.reread().unnamed(*of_sync):
                if table != keep:
                    self._drop(table)

    def mark_all_in_doubt(self) -> None:
        """Has the next plan send all objects in full, also where this run is killed halfway. Events are left alone."""
        before = self.entry
        if not before.synced or before.type == "events":
            return
        if doubtful := doubted(self._state, before):
            self._log(Step.MERGED, synced=doubtful)
            self._confirm()
            self._show(before, self._state.catalog)

    def plan(self, comparison: Comparison) -> Plan:
        """Step 2: the outbox and its figures. Raises RunningError where another run came between."""
        self._names = property_names(comparison.columns)
        outbox = self._relation("outbox")
        self.arguments = comparison.arguments(outbox=outbox, lock=self._lock.table)
        warehouse = self._state.warehouse
        with reading(self._state, comparison.sync):
            warehouse.execute("create_outbox", plan=self.arguments)
        counts = warehouse.query("outbox_counts", plan=self.arguments, outbox=outbox).rows[0].dict()
        self._must_hold(counts["holder"])
        if int(counts["entry"] or 0) != self.entry.entry:
            self._state.drop(self._table("outbox"))
            raise RunningError(f"{self.entry.sync}: another run ended a moment ago. Run the same command again.")
        return comparison.figures(warehouse, self.arguments, outbox, counts)

    def begin(self, plan: Plan) -> None:
        """Step 3: what is about to be sent is on record."""
        self.written = bool(self._state.warehouse.render("outbox_records", plan=self.arguments, first=1, last=1))
        self._state.warehouse.execute("create_acked", acked=self._relation("acked"))
        self._log(
            Step.PLANNED,
            key_columns=plan.older_key or plan.sync.key,
            build=None,  # until all of it is sent
            outbox=self._table("outbox"),
            acked=self._table("acked"),
            planned=plan.planned,
            rejected=plan.rejected,
            still_rejected=plan.still_rejected,
            newest_event_at=plan.newest_event_at_meanwhile,
        )

    def pages(self, plan: Plan) -> Iterator[Row]:
        """The rows to send, in order. Step 4: before a row is handed out, the horizon says that it may be sent."""
        page = "outbox_records" if self.written else "outbox_page"
        for first in range(1, plan.sendable + 1, _PAGE_ROWS):
            last = min(first + _PAGE_ROWS - 1, plan.sendable)
            self._log(Step.SENT_UP_TO, sent_up_to=last)
            self._confirm()
            yield from self._state.warehouse.fetch(page, plan=self.arguments, first=first, last=last)

    def acknowledge(self, group: Iterable[Acknowledgement]) -> None:
        """Step 6: verdicts become durable, single rows first: no batch counts as accepted before its rejects do."""
        rows = sorted(group, key=lambda each: each.seq is None)
        for start in range(0, len(rows), _INSERT_ROWS):
            chunk = [each.as_arguments() for each in rows[start : start + _INSERT_ROWS]]
            self._state.warehouse.execute("acknowledge", acked=self._relation("acked"), verdicts=chunk)
            self._lock.show()

    def heartbeat(self) -> None:
        """Keeps the lease where nothing was written for long. Raises RunningError after a pause of half a lease."""
        self.check_lease()
        if self._lock.fading:
            self._log(Step.SENT_UP_TO)

    def check_lease(self) -> None:
        """Raises RunningError after a pause of half a lease. For any thread: nothing is written."""
        self._lock.check_lease()

    def close(self, plan: Plan, status: str, counts: RowCounts, build: str | None = None) -> None:
        """Steps 7 to 10: fold, rejects, the closing entry with its counts. Raises StateError where sums differ."""
        if self.entry.step is Step.SENT_UP_TO:
            self._settle(expected=counts)
        rejects_changed = counts.rejected > 0 or plan.still_rejected != self._before.still_rejected
        still_rejected = counts.rejected + plan.still_rejected
        if rejects_changed and still_rejected:
            self._state.warehouse.execute(
                "write_rejects", state=self._state.arguments(), plan=self.arguments, run_id=self._holder.run_id,
                acked=self._relation("acked") if self.entry.acked else None,
            )  # fmt: skip
        rejects_run_id = (
            (self._holder.run_id if still_rejected else None) if rejects_changed else self._before.rejects_run_id
        )
        self._log(
            Step.CLOSED,
            **asdict(counts),
            key_columns=plan.older_key or plan.sync.key,
            planned=plan.planned,
            still_rejected=still_rejected,
            status=status,
            newest_event_at=plan.newest_event_at
            if counts.accepted == plan.sendable
            else plan.newest_event_at_meanwhile,
            rejects_run_id=rejects_run_id,
            build=None if counts.undelivered else build or self.entry.build,
        )
        if plan.planned:
            self._confirm()
        self._drop_own()

    def abandon(self, plan: Plan, status: str) -> None:
        """Ends a run that sends nothing although there was something to send: the state is as it was."""
        self._log(
            Step.ABANDONED,
            planned=plan.planned,
            undelivered=plan.planned,
            still_rejected=self._before.still_rejected,
            status=status,
            build=None,
        )
        self._drop_own()

    def _settle(self, expected: RowCounts | None = None) -> None:
        """Steps 7 and 8, for this run or a dead one: the fold, and the entry that makes it the state."""
        before = self.entry
        catalog = read_catalog(self._state.warehouse, self._state.schema, [])
        merge = Merge(self._state, catalog, self.entry, self._lock.table, self._holder.run_id)
        if self.entry.step is Step.SENT_UP_TO:
            counts = merge.counts()
            if expected and counts != expected:
                raise StateError(
                    f"{self.entry.sync}: the warehouse acknowledged {counts}, this run {expected}. Nothing was folded."
                )
            if self._logs:
                merge.log({**shown_names(self._state, catalog, before), **self._names})
            self._log(Step.MERGED, synced=merge.merge(), **asdict(counts))
            self._confirm()
        self._show(before, catalog)

    def _show(self, before: LogEntry, catalog: Catalog) -> None:
        """Has the view show the state; of that before, the table goes."""
        try:
            wanted = {**shown_names(self._state, catalog, before), **self._names}
            show_synced(self._state, catalog, self.entry, before, wanted)
        except WarehouseError as refusal:  # it is for people alone, and others may have built on it
            self.notes.append(f"its view shows an older state: {refusal}")
        if before.synced and before.synced != self.entry.synced:
            self._drop(before.synced)

    def _log(self, step: Step, **changes: Any) -> None:
        """Appends a step, if the lock is still held."""
        self.entry = self.entry.next(step, **changes)
        try:
            self._state.append(self.entry, self._lock, self._holder)
        except WarehouseError:
            with suppress(WarehouseError):
                self._confirm()  # where another run took over, that is what is wrong
            raise
        self._lock.show()

    def _confirm(self) -> None:
        """Raises RunningError where another run took over, and the last entry was not written."""
        self._must_hold(self._lock.held_by())

    def _must_hold(self, run_id: str | None) -> None:
        if run_id != self._holder.run_id:
            raise RunningError(f"{self.entry.sync}: another run took over from this one. Run the same command again.")

    def _drop(self, table: str) -> None:
        """Drops what no entry names any more, unless others have built on it."""
        try:
            self._state.drop(table)
        except WarehouseError as refusal:
            self.notes.append(f"{table} is not needed any more and cannot be dropped: {refusal}")

    def _drop_own(self) -> None:
        self._state.drop(self._table("outbox"))
        if self.entry.acked:
            self._state.drop(self.entry.acked)

    def _table(self, kind: str) -> str:
        return f"{kind}_{names.stem(self.entry.destination, self.entry.sync)}_{self._holder.run_id}"

    def _relation(self, kind: str) -> str:
        return self._state.relation(self._table(kind))
