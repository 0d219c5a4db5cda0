"""One run's session at one sync. Each of its steps is one atomic statement and can be repeated:

0. Take the lock.                         6. Write the verdicts of a group of batches.
1. Recover a dead run.                    7. Merge what Heap accepted.
2. Create the outbox.                     8. Log the table that is now the state: the commit point.
3. Log the plan.                          9. Write the rejects, update the view.
4. Log the sent-up-to mark.              10. Log the outcome, drop the run's tables.
5. Send the rows up to the mark.

A run that is killed after step 4 leaves rows in doubt: they may be in Heap. The next run sends them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from dbt_heap.errors import RunningError
from dbt_heap.state import names
from dbt_heap.state.contract import PlanArguments
from dbt_heap.state.deletion_log import with_deletion_log
from dbt_heap.state.lock import Holder, Lock, releasing
from dbt_heap.state.log import Acknowledgement, RowCounts, Step
from dbt_heap.state.merge import property_names, shown_names
from dbt_heap.state.models import reading
from dbt_heap.state.ownership import own_entry
from dbt_heap.state.plan import DiffOptions, Plan
from dbt_heap.state.steps import SyncSteps
from dbt_heap.state.store import StateStore
from dbt_heap.state.sync_state import SyncState
from dbt_heap.state.takeover import predecessor, take_over
from dbt_heap.syncs.sync import Sync, SyncType
from dbt_heap.warehouse.connection import Row

_PAGE_ROWS = 50_000  # fifty batches
_INSERT_ROWS = 1_000


class SyncSession(SyncSteps):
    """One run at one sync, with its lock: plans, hands out the rows to send, and acknowledges Heap's verdicts."""

    def __init__(self, state: SyncState, lock: Lock, holder: Holder) -> None:
        self._before = state.entry()  # the newest entry of earlier runs
        entry = self._before.opened_by(holder.run_id, holder.host, holder.pid)
        super().__init__(state.store, lock, holder, entry, keeps_log=state.sync.log)
        self._sync = state.sync
        self.arguments: PlanArguments  # what the macros take as `plan`, once there is one
        self.yields_batches = False  # whether the warehouse writes the requests: then `pages` yields batches, not rows

    @property
    def store(self) -> StateStore:
        """Return the store as this session read it last; the next session starts from it."""
        return self._store

    @property
    def state(self) -> SyncState:
        """Return the sync's state before this run."""
        return SyncState(self._store, self._sync, self._before.destination)

    def plan(self, options: DiffOptions) -> Plan:
        """Step 2: create the outbox and return its plan. Raises RunningError if another run came between."""
        comparison = self.state.compare(options)
        known = shown_names(self._store, self._store.catalog, self._before)
        self._names = {**known, **self._before.heap_names, **property_names(comparison.columns)}
        self.entry = self.entry.with_heap_names(self._names)
        outbox = self._relation("outbox")
        self.arguments = comparison.arguments(outbox=outbox, lock=self._lock.table)
        warehouse = self._store.warehouse
        with reading(warehouse, comparison.sync):
            warehouse.execute("create_outbox", plan=self.arguments)
        counts = warehouse.query("outbox_counts", plan=self.arguments, outbox=outbox).rows[0].dict()
        self._raise_unless_held_by(counts["holder"])
        if int(counts["entry"] or 0) != self.entry.entry:
            self._store.drop(self._table("outbox"))
            raise RunningError(f"{self.entry.sync}: another run ended a moment ago. Run the same command again.")
        return comparison.plan(self.arguments, outbox, counts)

    def begin(self, plan: Plan) -> None:
        """Step 3: log the plan."""
        self.yields_batches = bool(self._store.warehouse.render("outbox_records", plan=self.arguments, first=1, last=1))
        self._store.warehouse.execute("create_acked", acked=self._relation("acked"))
        self._log(
            Step.PLANNED,
            key_columns=plan.older_key or plan.sync.key,
            build=None,  # until all rows are sent
            outbox=self._table("outbox"),
            acked=self._table("acked"),
            planned=plan.planned,
            rejected=plan.rejected,
            still_rejected=plan.still_rejected,
            newest_event_at=plan.newest_event_at_meanwhile,
        )

    def pages(self, plan: Plan) -> Iterator[Row]:
        """Yield the rows to send, in order. Step 4: the sent-up-to mark is logged before a row is yielded."""
        page = "outbox_records" if self.yields_batches else "outbox_page"
        for first in range(1, plan.sendable + 1, _PAGE_ROWS):
            last = min(first + _PAGE_ROWS - 1, plan.sendable)
            self._log(Step.SENT_UP_TO, sent_up_to=last)
            self._confirm()
            yield from self._store.warehouse.fetch(page, plan=self.arguments, first=first, last=last)

    def acknowledge(self, group: Iterable[Acknowledgement]) -> None:
        """Step 6: write verdicts, single rows first, so no batch counts as accepted before its rejects do."""
        rows = sorted(group, key=lambda each: each.seq is None)
        for start in range(0, len(rows), _INSERT_ROWS):
            chunk = [each.as_arguments() for each in rows[start : start + _INSERT_ROWS]]
            self._store.warehouse.execute("acknowledge", acked=self._relation("acked"), verdicts=chunk)
            self._lock.beat()

    def heartbeat(self) -> None:
        """Renew the lease if nothing was written for a while. Raises RunningError after a pause of half a lease."""
        self.check_lease()
        if self._lock.needs_heartbeat:
            self._log(Step.SENT_UP_TO)

    def check_lease(self) -> None:
        """Raise RunningError after a pause of half a lease. Any thread may call it: it writes nothing."""
        self._lock.check_lease()

    def close(self, plan: Plan, status: str, counts: RowCounts, build: str | None = None) -> None:
        """Steps 7 to 10: merge, write rejects, log the outcome. Raises StateError if the warehouse counts otherwise."""
        if self.entry.step is Step.SENT_UP_TO:
            self._settle(expected=counts)
        rejects_changed = counts.rejected > 0 or plan.still_rejected != self._before.still_rejected
        still_rejected = counts.rejected + plan.still_rejected
        if rejects_changed and still_rejected:
            self._store.warehouse.execute(
                "write_rejects", state=self._store.arguments(), plan=self.arguments, run_id=self._holder.run_id,
                acked=self._relation("acked") if self.entry.acked else None,
            )  # fmt: skip
        rejects_run_id = (
            (self._holder.run_id if still_rejected else None) if rejects_changed else self._before.rejects_run_id
        )
        all_accepted = counts.accepted == plan.sendable
        self._log(
            Step.CLOSED,
            **counts.as_dict(),
            key_columns=plan.older_key or plan.sync.key,
            still_rejected=still_rejected,
            status=status,
            newest_event_at=plan.newest_event_at if all_accepted else plan.newest_event_at_meanwhile,
            rejects_run_id=rejects_run_id,
            build=None if counts.undelivered else build or self.entry.build,
        )
        if plan.planned:
            self._confirm()
        self._drop_own()

    def abandon(self, plan: Plan, status: str) -> None:
        """End a run that sends nothing of its plan: the state stays as it was."""
        self._log(
            Step.ABANDONED,
            planned=plan.planned,
            undelivered=plan.planned,
            still_rejected=self._before.still_rejected,
            status=status,
            build=None,
        )
        self._drop_own()

    def _drop_own(self) -> None:
        self._store.drop(self._table("outbox"))
        if self.entry.acked:
            self._store.drop(self.entry.acked)

    def _table(self, kind: str) -> str:
        return f"{kind}_{names.stem(self.entry.destination, self.entry.sync)}_{self._holder.run_id}"

    def _relation(self, kind: str) -> str:
        return self._store.relation(self._table(kind))


@contextmanager
def open_session(
    store: StateStore, sync: Sync, destination: str, run_id: str, *, resync: bool = False
) -> Iterator[SyncSession]:
    """Take a sync's lock, recover what a dead run left, and yield the session; release the lock at the end.

    Args:
        store: as it was read last. It is read again if it is old.
        sync: the sync.
        destination: the label of the Heap environment.
        run_id: the ID of this run.
        resync: whether to mark all acknowledged rows as in doubt.

    Raises:
        RunningError: another run has the lock.
        StateError: the state is another sync's, or incomplete.
        WarehouseError: the warehouse refused a statement.
    """
    store = store.fresh().prepare()
    if sync.type is SyncType.USER_DELETIONS:
        store = with_deletion_log(store)
    with store.warehouse.about(sync=sync.name, run_id=run_id):
        SyncState(store, sync, destination).raise_if_stopped()
        holder = Holder.of_this_process(run_id)
        lock = store.lock(destination, sync.name)
        moved = lock.take(holder)
        with releasing(lock, holder):
            if resync or store.log.is_unfinished(destination, sync.name):
                store = store.reread()
            store, notes = _recovered(store, sync, destination, lock, holder)
            session = SyncSession(SyncState(store, sync, destination), lock, holder)
            session.notes += notes
            session.sweep(keep=moved)
            if resync:
                session.mark_all_in_doubt()
            yield session


def _recovered(
    store: StateStore, sync: Sync, destination: str, lock: Lock, holder: Holder
) -> tuple[StateStore, list[str]]:
    """Finish a dead run, and take over the state of an earlier name; return the store and notes for the results."""
    notes: list[str] = []
    if store.log.is_unfinished(destination, sync.name):  # still, now that no other run can finish it
        dead = SyncSteps(store, lock, holder, own_entry(store.log, store.owner, sync, destination), keeps_log=sync.log)
        dead.recover(store.models.mapped_columns(sync))
        notes += dead.notes
        store = store.reread()
    if older := predecessor(store, sync, destination):
        store = take_over(store, sync, lock, holder, older)
        notes.append(f"took over the state of {older.sync} (renamed_from)")
    return store, notes
