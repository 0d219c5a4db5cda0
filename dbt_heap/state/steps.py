"""The steps of one sync under this run's lock: each is one atomic statement and can be repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dbt_heap.errors import RunningError, StateError, WarehouseError
from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import LogEntry, RowCounts, Step
from dbt_heap.state.merge import Merge, mark_in_doubt, property_names, show_synced, shown_names
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import MappedColumn


class SyncSteps:
    """Writes a sync's steps to the log; `entry` is the last one.

    Each step raises RunningError if another run has taken the lock: rows sent until then are in doubt, not lost.
    """

    def __init__(
        self, store: StateStore, lock: Lock, holder: Holder, entry: LogEntry, *, keeps_log: bool = False
    ) -> None:
        self._store = store
        self._lock = lock
        self._holder = holder
        self._lock.beat()
        self._keeps_log = keeps_log  # whether `<sync>__log` records what was sent
        self._names: dict[str, str] = {}  # Heap's names of the properties, by stored name
        self.entry = entry
        self.notes: list[str] = []  # sentences for the results

    def recover(self, columns: Iterable[MappedColumn]) -> None:
        """Step 1: finish a dead run. Rows that it may have sent without a verdict are in doubt afterwards.

        `columns` are those mapped now: the run may have died before the view had their names.
        """
        self._names = property_names(columns)
        if self.entry.step is Step.PLANNED:
            self._log(Step.ABANDONED, status="interrupted", still_rejected=None)
        else:
            self._settle()
            # The next run finds out which rows are still rejected.
            self._log(Step.CLOSED, status="interrupted", still_rejected=None)

    def sweep(self, keep: str | None) -> None:
        """Drop the tables of this sync that no entry names: the leftovers of killed runs.

        `keep` is the dead run's lock that this one moved aside: it stops another run that has read the same lock.
        """
        of_sync = self.entry.destination, self.entry.sync
        if self._store.leftovers(*of_sync):
            # Read again under the lock: another run may have ended since, and the log names its table by now.
            for table in self._store.reread().leftovers(*of_sync):
                if table != keep:
                    self._drop(table)

    def mark_all_in_doubt(self) -> None:
        """Make the next plan send all objects in full, even if this run is killed halfway. Events are left alone."""
        before = self.entry
        if not before.synced or before.type == "events":
            return
        if marked := mark_in_doubt(self._store, before):
            self._log(Step.MERGED, synced=marked)
            self._confirm()
            self._show(before, self._store.catalog)
            self._store = self._store.reread()

    def _settle(self, expected: RowCounts | None = None) -> None:
        """Steps 7 and 8, for this run or a dead one: merge, and log the table that is now the state.

        Raises StateError if the warehouse does not count what this run `expected`.
        """
        before = self.entry
        catalog = read_catalog(self._store.warehouse, self._store.schema, [])
        merge = Merge(self._store, catalog, self.entry, self._lock.table, self._holder.run_id)
        if self.entry.step is Step.SENT_UP_TO:
            counts = merge.counts()
            if expected and counts != expected:
                raise StateError(
                    f"{self.entry.sync}: the warehouse acknowledged {counts}, this run {expected}. Nothing was merged."
                )
            if self._keeps_log:
                merge.log({**shown_names(self._store, catalog, before), **before.heap_names, **self._names})
            self._log(Step.MERGED, synced=merge.merge(), **counts.as_dict())
            self._confirm()
        self._show(before, catalog)

    def _show(self, before: LogEntry, catalog: Catalog) -> None:
        """Make the view show the current state, and drop the table of the state before."""
        try:
            wanted = {**shown_names(self._store, catalog, before), **self._names}
            show_synced(self._store, catalog, self.entry, before, wanted)
        except WarehouseError as refusal:  # only people read the view, and theirs may depend on it
            self.notes.append(f"its view shows an older state: {refusal}")
        if before.synced and before.synced != self.entry.synced:
            self._drop(before.synced)

    def _log(self, step: Step, **changes: Any) -> None:
        """Append a step if this run still has the lock."""
        self.entry = self.entry.next(step, **changes)
        try:
            self._store.append(self.entry, self._lock, self._holder)
        except WarehouseError:
            with suppress(WarehouseError):
                self._confirm()  # if another run took over, that is the error to report
            raise
        self._lock.beat()

    def _confirm(self) -> None:
        """Raise RunningError if another run took over, and the last entry was not written."""
        self._raise_unless_held_by(self._lock.held_by())

    def _raise_unless_held_by(self, run_id: str | None) -> None:
        if run_id != self._holder.run_id:
            raise RunningError(f"{self.entry.sync}: another run took over from this one. Run the same command again.")

    def _drop(self, table: str) -> None:
        """Drop a table that no entry names any more; add a note if views of others depend on it."""
        try:
            self._store.drop(table)
        except WarehouseError as refusal:
            self.notes.append(f"{table} is no longer needed and cannot be dropped: {refusal}")


@contextmanager
def locked(store: StateStore, destination: str, sync: str) -> Iterator[tuple[StateStore, Lock, Holder]]:
    """Yield the store as it is under a sync's lock, the lock, and its holder. Raises RunningError if a run has it."""
    store = store.prepare()
    holder = Holder.of_this_process(names.new_run_id())
    lock = store.lock(destination, sync)
    lock.take(holder)
    try:
        yield store.reread(), lock, holder
    finally:
        lock.drop(holder)


def entry_by(holder: Holder, entry: LogEntry, step: Step, **changes: str | None) -> LogEntry:
    """Return the entry for what a person does, to append after the newest one."""
    return entry.opened_by(holder.run_id, holder.host, holder.pid).next(step, status=str(step), **changes)
