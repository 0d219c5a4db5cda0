"""One sync at one destination: its newest log entry, whether it may run, and its comparison with the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbt_heap.errors import StateError, counted
from dbt_heap.state import names
from dbt_heap.state.catalog import raise_if_too_wide
from dbt_heap.state.comparison import Comparison
from dbt_heap.state.contract import PlanTables
from dbt_heap.state.deletion_log import deletion_arguments
from dbt_heap.state.log import LogEntry
from dbt_heap.state.ownership import own_entry
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.store import StateStore
from dbt_heap.state.takeover import candidates, inherited, may_be_renamed, predecessor, same_rows
from dbt_heap.syncs.columns import MappedColumn
from dbt_heap.syncs.sync import Sync, SyncType


@dataclass(frozen=True)
class SyncState:
    """The state of one sync at one destination, as the store has it."""

    store: StateStore
    sync: Sync
    destination: str

    def compare(self, options: DiffOptions) -> Comparison:
        """Return the comparison of the model with the state.

        Raises StateError if the state is another sync's or its table is missing, WarehouseError.
        """
        store, sync = self.store, self.sync
        newest = self._newest(bound=options.bound)
        synced = newest.synced if newest else None
        known = store.catalog.of_state(synced)
        if synced and not known:
            raise store.missing(sync.name, f"its state, the table {synced},")
        tables: PlanTables = {
            "relation": sync.model.relation.sql if sync.model.relation else "",
            "synced": store.relation(synced) if synced else None,
            "synced_columns": list(known),
            "sync_log": store.relation(names.SYNC_LOG),
            "reject_log": store.relation(names.REJECT_LOG),
            "deletion": deletion_arguments(store, self.destination, sync),
        }
        key_columns, columns = store.models.key_columns(sync), store.models.mapped_columns(sync)
        raise_if_too_wide(store.warehouse, sync.name, columns, known)
        return Comparison(store, sync, self.destination, columns, key_columns, newest, options, tables)

    def entry(self) -> LogEntry:
        """Return the sync's newest entry; for a sync that never ran, the entry before its first one.

        If the sync will take over an earlier name's state, the entry is that name's.
        """
        older = predecessor(self.store, self.sync, self.destination, bound=False)
        own = own_entry(self.store.log, self.store.owner, self.sync, self.destination)
        return inherited(self.sync, older) if older and not own.synced else own

    def stop_reason(self, *, bound: bool = True) -> str | None:
        """Return why the sync would stop before it plans anything; None if it would not. Raises WarehouseError."""
        try:
            self.raise_if_stopped(bound=bound)
        except StateError as refusal:
            return str(refusal)
        return None

    def raise_if_stopped(self, *, bound: bool = True) -> None:
        """Raise StateError if the state is another sync's, or if the sync may be a renamed one.

        A renamed sync would send everything again, and events under other keys. Raises WarehouseError.
        """
        if self._newest(bound=bound) is None:
            own, others = self.store.owner.may_continue(self.store.log, self.sync, self.destination)
            wanted = [*own, *(others if self.sync.type is SyncType.EVENTS else ())]
            if found := candidates(self.store, wanted):
                raise StateError(may_be_renamed(self.sync, found))

    def earlier_name(self) -> str | None:
        """Return the earlier name whose state the next run takes over; None if there is none or it would stop."""
        try:
            newest = self._newest()
        except StateError:
            return None
        return newest.sync if newest and newest.sync != self.sync.name else None

    def hints(self, account_id_property: str | None) -> tuple[str, ...]:
        """Return what to know before the sync's first run. Raises WarehouseError."""
        _, others = self.store.owner.may_continue(self.store.log, self.sync, self.destination)
        found = [] if self.sync.type is SyncType.EVENTS else candidates(self.store, others)
        renamed = (same_rows(self.sync, found),) if found else ()
        return (*renamed, *self.account_notes(account_id_property))

    def account_notes(self, account_id_property: str | None) -> tuple[str, ...]:
        """Return what an account sync depends on in Heap, which no API reports; nothing for other syncs.

        Args:
            account_id_property: `vars.dbt_heap.account_id_property`.

        Raises:
            WarehouseError: the warehouse refused to count accounts without users.
        """
        if self.sync.type is not SyncType.ACCOUNT_PROPERTIES:
            return ()
        declared = self.store.owner.declared.values()
        users = [each for each in declared if self._links_users(each, account_id_property)]
        return (_setting(account_id_property, is_sent=bool(users)), *self._unlinked(users, account_id_property))

    def _links_users(self, users: Sync, account_id_property: str | None) -> bool:
        """Return whether a sync sends the property by which Heap groups users into accounts."""
        same = users.type is SyncType.USER_PROPERTIES and users.environment == self.sync.environment
        return same and account_id_property in users.properties

    def _unlinked(self, users: list[Sync], account_id_property: str | None) -> Iterator[str]:
        """Yield a note for each user sync if some accounts belong to none of its users."""
        store = self.store.reread()
        for each in users:
            newest = store.log.current(self.destination, each.name)
            (link,) = (column for column in store.models.mapped_columns(each) if column.name == account_id_property)
            if newest and newest.synced and link.stored in store.catalog.of_state(newest.synced):
                count = _accounts_without_users(store, self.sync, link, newest.synced)
                if count:
                    yield f"{counted(count, 'account')} without a user that {each.name} has sent"

    def _newest(self, *, bound: bool = True) -> LogEntry | None:
        """Return the newest entry of the sync, or of the earlier name whose state it will take over; None if new.

        Raises StateError if the state is another sync's.
        """
        own = self.store.log.current(self.destination, self.sync.name)
        self.store.owner.raise_if_foreign(self.sync, own, bound=bound)
        older = predecessor(self.store, self.sync, self.destination, bound=bound)
        return inherited(self.sync, older) if older and not (own and own.synced) else own


def _setting(account_id_property: str | None, *, is_sent: bool) -> str:
    """Return the note on the Account ID setting in Heap, which account properties need.

    https://developers.heap.io/reference/add-account-properties
    """
    where = "Account > Manage > Features"
    if account_id_property is None:
        return (
            "Heap groups users into accounts by the user property that is set as Account ID under "
            f"{where}; no API reports it. Set vars.dbt_heap.account_id_property to the same property, and dbt-heap "
            "counts the accounts without users"
        )
    sent = "" if is_sent else f", and no declared sync sends {account_id_property} of users"
    return (
        f"in Heap, under {where}, Account ID must be the user property {account_id_property}; no API reports it{sent}"
    )


def _accounts_without_users(store: StateStore, accounts: Sync, link: MappedColumn, synced: str) -> int:
    """Return how many rows of an account model belong to no user in the state of a user sync."""
    relation = accounts.model.relation
    table = store.warehouse.query(
        "accounts_without_users",
        relation=relation.sql if relation else "",
        key_columns=list(store.models.key_columns(accounts)),
        synced=store.relation(synced),
        column=link.stored,
    )
    return int(table.rows[0][0])
