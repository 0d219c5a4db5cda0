"""The ledger of one invocation: what is declared, held against what Heap acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from dbt_heap.errors import DeclarationError, StateError
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.state import accounts, names
from dbt_heap.state.access import Inspection, reading
from dbt_heap.state.catalog import must_fit
from dbt_heap.state.contract import PlanTables
from dbt_heap.state.deletion_log import Deletions, deletion_arguments, with_deletion_log
from dbt_heap.state.lock import Holder, letting_go
from dbt_heap.state.log import LogEntry
from dbt_heap.state.ownership import Owner, may_be_renamed, own_entry, same_rows
from dbt_heap.state.plan import Comparison, DiffOptions, Plan, mapped_columns, spelled
from dbt_heap.state.session import SyncSession
from dbt_heap.state.store import State
from dbt_heap.state.takeover import Takeover, inherited, predecessor
from dbt_heap.state.views import shown_names
from dbt_heap.syncs.absence import Absence
from dbt_heap.syncs.column_check import check_columns
from dbt_heap.syncs.columns import MappedColumn, ValueClass
from dbt_heap.syncs.sync import Sync, SyncType
from dbt_heap.warehouse.connection import Row


class Ledger:
    """Reads the warehouse for all syncs at once; lets runs take their turns."""

    def __init__(self, state: State, heap_vars: HeapVars, declared: Iterable[Sync], owner: Owner) -> None:
        self.state = state
        self._account_id_property = heap_vars.account_id_property
        self._owner = owner
        self._declared = {sync.name: sync for sync in declared}
        self._inspection = Inspection()

    @property
    def target(self) -> str:
        """The dbt target whose warehouse this is."""
        return self.state.warehouse.target_name

    @property
    def project(self) -> str | None:
        """The dbt project of this invocation; None if its name is unknown."""
        return self._owner.project or None

    def check(self, syncs: Iterable[Sync], among: Iterable[Sync] = ()) -> None:
        """Check declarations against the models as they were built. Raises DeclarationError with all mistakes.

        What others `among` the syncs of a run suffer from, too, is described with them.
        """
        if mistakes := check_columns(syncs, self._inspection.readable(self.state), among):
            raise DeclarationError(mistakes)

    def absence(self, sync: Sync) -> Absence | None:
        """Return why the model cannot be read; None if it can."""
        return None if self._types(sync) else self._inspection.absence(self.state, sync)

    def value_class(self, type_name: str) -> ValueClass:
        """Return the class of one of the warehouse's types."""
        return self._inspection.value_class(self.state, type_name)

    def compare(self, sync: Sync, destination: str, options: DiffOptions) -> Comparison:
        """The sync held against its state. Raises StateError where that is not its own, or not there."""
        newest = self._newest(sync, destination, bound=options.bound)
        synced = newest.synced if newest else None
        known = self.state.catalog.of_state(synced)
        if synced and not known:
            raise StateError(
                f"{sync.name}: its state, the table {synced}, is gone from the schema {self.state.schema}. "
                f"Restore it, or start over with: dbt-heap state reset {sync.name}"
            )
        tables: PlanTables = {
            "relation": sync.model.relation.sql if sync.model.relation else "",
            "synced": self.state.relation(synced) if synced else None,
            "synced_columns": list(known),
            "sync_log": self.state.relation(names.SYNC_LOG),
            "reject_log": self.state.relation(names.REJECT_LOG),
            "deletion": deletion_arguments(self.state, destination, sync),
        }
        key_columns = tuple(spelled(column, self._types(sync)) for column in sync.key_columns)
        columns = self._columns(sync)
        must_fit(self.state.warehouse, sync.name, columns, known)
        return Comparison(sync, destination, columns, key_columns, newest, options, tables)

    def stop(self, sync: Sync, destination: str, *, bound: bool = True) -> str | None:
        """Return why `sync` would stop before it plans anything; None if it would go on. Raises WarehouseError."""
        try:
            self.must_go_on(sync, destination, bound=bound)
        except StateError as refusal:
            return str(refusal)
        return None

    def must_go_on(self, sync: Sync, destination: str, *, bound: bool = True) -> None:
        """Raise StateError if the sync's state is not its own, or if it may be a sync that was renamed.

        Such a sync would send everything again, and events under other keys. Raises WarehouseError.
        """
        if self._newest(sync, destination, bound=bound) is None:
            own, others = self._owner.candidates(self.state, sync, destination)
            if found := [*own, *(others if sync.type is SyncType.EVENTS else ())]:
                raise StateError(may_be_renamed(sync, found))

    def earlier_name(self, sync: Sync, destination: str) -> str | None:
        """Return the earlier name whose state the next run takes over; None if there is none, or if it cannot be."""
        try:
            newest = self._newest(sync, destination)
        except StateError:
            return None
        return newest.sync if newest and newest.sync != sync.name else None

    def hints(self, sync: Sync, destination: str) -> tuple[str, ...]:
        """Return what to know before a sync's first run. Raises WarehouseError."""
        _, others = self._owner.candidates(self.state, sync, destination)
        renamed = (same_rows(sync, others),) if others and sync.type is not SyncType.EVENTS else ()
        return (*renamed, *self.advice(sync, destination))

    def preview(self, comparison: Comparison) -> Plan:
        """The figures of a plan, from one select that writes nothing. Raises WarehouseError."""
        warehouse, plan = self.state.warehouse, comparison.arguments()
        select = f"({warehouse.render('outbox_rows', plan=plan)})"
        with warehouse.about(sync=comparison.sync.name), reading(self.state, comparison.sync):
            counts = warehouse.query("outbox_counts", plan=plan, outbox=select).rows[0].dict()
            return comparison.figures(warehouse, plan, select, counts)

    def dropped_properties(self, comparison: Comparison) -> tuple[str, ...]:
        """Heap's names of properties that were sent once and are mapped no more: Heap keeps their last values."""
        if comparison.newest is None:
            return ()
        mapped = {column.name for column in comparison.columns}
        shown = shown_names(self.state, self.state.catalog, comparison.newest)
        return tuple(name for stored, name in shown.items() if name not in {*mapped, stored})

    def advice(self, sync: Sync, destination: str) -> tuple[str, ...]:
        """What to know of an account sync that Heap's API cannot tell; nothing of others. Raises WarehouseError."""
        if sync.type is not SyncType.ACCOUNT_PROPERTIES:
            return ()
        wanted = self._account_id_property
        carriers = [each for each in self._declared.values() if accounts.sends(each, wanted, sync.environment)]
        state = self.state.reread()
        notes = [accounts.advice(wanted, carriers)]
        for carrier in carriers:
            newest = state.newest(destination, carrier.name)
            (carried,) = (column for column in self._columns(carrier) if column.name == wanted)
            if newest and newest.synced and carried.stored in state.catalog.of_state(newest.synced):
                count = accounts.without_users(state, sync, carried, newest.synced)
                notes += [f"{count:,} of its accounts belong to no user that {carrier.name} has sent"] if count else []
        return tuple(notes)

    def deletions(self, destination: str, run_id: str, sync: str = "") -> Deletions:
        """The log of deletions at a destination, which has to be there, and all that is to be purged with it."""
        return Deletions(self.state, destination, self._declared, run_id, sync)

    def undeclared(self, destination: str) -> Mapping[str, LogEntry]:
        """The syncs of this project that have state at a destination, and that no model declares any more."""
        return self._owner.undeclared(self.state, destination)

    def sample(self, comparison: Comparison, limit: int) -> list[Row]:
        """The first rows that would be sent. Raises WarehouseError."""
        warehouse = self.state.warehouse
        with warehouse.about(sync=comparison.sync.name), reading(self.state, comparison.sync):
            return warehouse.fetch("outbox_sample", plan=comparison.arguments(), limit=limit)

    @contextmanager
    def session(self, sync: Sync, destination: str, run_id: str, *, resync: bool = False) -> Iterator[SyncSession]:
        """A run's turn at a sync, with its lock, after what a dead run left was settled; `resync` doubts all of it.

        Raises RunningError where another run holds the lock, StateError, WarehouseError.
        """
        self.state = self.state.fresh().prepare()
        deleting = sync.type is SyncType.USER_DELETIONS
        if deleting:
            self.state = with_deletion_log(self.state)
        try:
            with self.state.warehouse.about(sync=sync.name, run_id=run_id):
                self.must_go_on(sync, destination)
                yield from self._turn(sync, destination, Holder.of_this_process(run_id), resync=resync)
        finally:
            if deleting:  # it changes what other syncs have
                self.state = self.state.outdated()

    def _turn(self, sync: Sync, destination: str, holder: Holder, *, resync: bool) -> Iterator[SyncSession]:
        lock = self.state.lock(destination, sync.name)
        moved = lock.take(holder)
        notes: list[str] = []
        with letting_go(lock, holder):
            if resync or self._unfinished(sync, destination):
                self.state = self.state.reread()
            if self._unfinished(sync, destination):  # still, now that nobody else can end it
                dead = SyncSession(self.state, lock, holder, self._own(sync, destination), logs=sync.log)
                dead.recover(self._columns(sync))
                notes += dead.notes
                self.state = self.state.reread()
            if older := predecessor(self.state, self._owner, sync, destination):
                self.state = Takeover(self.state, sync, lock, holder, self._columns)(older, self.project)
                notes.append(f"took over the state of {older.sync} (renamed_from)")
            session = SyncSession(self.state, lock, holder, self.entry(sync, destination), logs=sync.log)
            session.notes += notes
            session.sweep(keep=moved)
            if resync:
                session.mark_all_in_doubt()
                self.state = self.state.reread()
            yield session

    def _unfinished(self, sync: Sync, destination: str) -> bool:
        newest = self.state.entries.get((destination, sync.name))
        return newest is not None and newest.step.unfinished

    def entry(self, sync: Sync, destination: str) -> LogEntry:
        """Where the sync is; for one that never ran, the place before its first entry.

        Of a sync that has yet to take over an earlier name's state, where that is.
        """
        older = predecessor(self.state, self._owner, sync, destination, bound=False)
        own = self._own(sync, destination)
        return inherited(sync, older) if older and not own.synced else own

    def _own(self, sync: Sync, destination: str) -> LogEntry:
        return own_entry(self.state, sync, destination, self._owner)

    def _newest(self, sync: Sync, destination: str, *, bound: bool = True) -> LogEntry | None:
        """The newest entry of a sync, or of the earlier name whose state it has yet to take over; None of a new one.

        Raises StateError if it is not the sync's own.
        """
        own = self.state.newest(destination, sync.name)
        self._owner.must_own(sync, own, bound=bound)
        older = predecessor(self.state, self._owner, sync, destination, bound=bound)
        return inherited(sync, older) if older and not (own and own.synced) else own

    def _columns(self, sync: Sync) -> tuple[MappedColumn, ...]:
        return mapped_columns(sync, self._types(sync), self._inspection.value_classes(self.state, sync))

    def _types(self, sync: Sync) -> Mapping[str, str]:
        return self.state.catalog.of_model(sync.model.relation) if sync.model.relation else {}
