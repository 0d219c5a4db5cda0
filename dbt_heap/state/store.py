"""The state schema as one invocation sees it: its tables, its log, and the columns of the models."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from dbt_heap import __version__
from dbt_heap.errors import StateError, WarehouseError
from dbt_heap.project.nodes import Relation
from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.contract import StateArguments
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import SCHEMA_VERSION, LogEntry, SyncLog
from dbt_heap.state.models import Models
from dbt_heap.state.ownership import Owner
from dbt_heap.syncs.absence import Absence
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.sync import SyncType
from dbt_heap.warehouse.connection import Warehouse

FRESH_SECONDS = 30.0


@dataclass(frozen=True)
class StateStore:
    """What the state schema holds, as it was last read for all syncs of an invocation by at most two statements."""

    warehouse: Warehouse
    schema: str
    owner: Owner
    relations: tuple[Relation, ...]  # of the models
    catalog: Catalog
    log: SyncLog = field(default_factory=SyncLog)
    read_at: float = 0.0  # by this machine's clock
    schema_note: str = ""  # why the schema is not where the project's naming macro would put it
    _relations_by_table: dict[str, str] = field(default_factory=dict, repr=False)  # rendered once
    _classes: dict[str, ValueClass] = field(default_factory=dict, repr=False)
    _absences: dict[str, Absence | None] = field(default_factory=dict, repr=False)

    @property
    def target(self) -> str:
        """Return the dbt target whose warehouse this is."""
        return self.warehouse.target_name

    @property
    def models(self) -> Models:
        """Return the models that the project's syncs read."""
        return Models(self.warehouse, self.catalog, self._classes, self._absences)

    def relation(self, table: str) -> str:
        """Return one of the state's tables as SQL names it."""
        if table not in self._relations_by_table:
            rendered = self.warehouse.render("state_relation", schema=self.schema, identifier=table)
            self._relations_by_table[table] = str(rendered).strip()
        return self._relations_by_table[table]

    def arguments(self) -> StateArguments:
        """Return what the macros in `macros/state/` take as `state`."""
        return {
            "schema": self.schema, "sync_log": self.relation(names.SYNC_LOG),
            "reject_log": self.relation(names.REJECT_LOG), "builds": self.relation(names.BUILDS),
            "runs": self.relation(names.RUNS), "rejects": self.relation(names.REJECTS),
        }  # fmt: skip

    def lock(self, destination: str, sync: str) -> Lock:
        """Return the lock of a sync at a destination, not taken yet."""
        last = self.log.last(destination, sync)
        working = last.acked if last and last.step.unfinished else None
        return Lock(
            warehouse=self.warehouse,
            sync=sync,
            stem=names.stem(destination, sync),
            table=self.relation(names.lock(destination, sync)),
            state=self.arguments(),
            acked=self.relation(working) if working else None,
        )

    def deletion_log(self) -> str | None:
        """Return the log of deleted users; None if no one was ever deleted. Raises StateError if it is missing."""
        if self.catalog.of_state(names.DELETION_LOG):
            return self.relation(names.DELETION_LOG)
        if any(entry.type == str(SyncType.USER_DELETIONS) for entry in self.log.entries.values()):
            raise StateError(
                f"the table {names.DELETION_LOG} is missing from the schema {self.schema}. Without it, users "
                "deleted from Heap would be sent again. Restore it"
            )
        return None

    def missing(self, sync: str, table: str) -> StateError:
        """Return the error for a table of a sync that is missing from the schema."""
        return StateError(
            f"{sync}: {table} is missing from the schema {self.schema}. Restore it, or start over with: "
            f"dbt-heap state reset {sync}"
        )

    def append(self, entry: LogEntry, lock: Lock, holder: Holder) -> None:
        """Append an entry to the log if `holder` still has the lock. Raises WarehouseError."""
        self.warehouse.execute(
            "append_entry", state=self.arguments(), lock=lock.table, holder=holder.run_id, entry=entry.as_arguments()
        )

    def drop(self, table: str) -> None:
        """Drop one of the state's tables if it exists. Raises WarehouseError."""
        if names.was_lock(table):
            self.warehouse.execute("drop_lock", lock=self.relation(table))
        else:
            self.warehouse.execute("drop_state_table", relation=self.relation(table))

    def leftovers(self, destination: str, sync: str) -> list[str]:
        """Return the tables of a sync that no entry names as its head: those of a running or killed run."""
        named = {entry.synced for entry in self.log.entries.values()}
        stem = names.stem(destination, sync)
        return [each for each in self.catalog.state_tables if names.belongs(each, stem) and each not in named]

    def exists(self) -> bool:
        """Return whether the state was created: whether there is a log."""
        return bool(self.catalog.of_state(names.SYNC_LOG))

    def shared_columns(self) -> dict[str, list[str]]:
        """Return the columns of the shared tables that exist, in lower case, by table."""
        columns = {name: list(self.catalog.of_state(name)) for name in names.TABLES}
        return {name: found for name, found in columns.items() if found}

    def missing_columns(self) -> dict[str, list[str]]:
        """Return the columns that shared tables of an older dbt-heap lack, by table."""
        missing: dict[str, list[str]] = self.warehouse.render("missing_columns", columns=self.shared_columns())
        return missing

    def is_complete(self) -> bool:
        """Return whether shared tables and views are as this version needs them."""
        return all(map(self.catalog.of_state, names.SHARED)) and not any(self.missing_columns().values())

    def raise_if_shared(self) -> None:
        """Raise StateError if the schema contains other tables before the first sync."""
        if not self.exists() and (foreign := self._foreign_tables()):
            raise StateError(
                f"the schema {self.schema} contains tables that are not dbt-heap's ({foreign}). Set "
                "vars.dbt_heap.schema to a schema that only dbt-heap uses, and never to the one that Heap Connect "
                "exports to."
            )

    def warnings(self) -> tuple[str, ...]:
        """Return a warning if the schema contains other tables since the first sync."""
        if not self.exists() or not (foreign := self._foreign_tables()):
            return ()
        return (
            f"the schema {self.schema} contains tables that are not dbt-heap's ({foreign}). Syncs continue; keep the "
            "schema for dbt-heap's state alone",
        )

    def notes(self) -> tuple[str, ...]:
        """Return a note, before the state is created, if the project gives it no schema of its own."""
        return (self.schema_note,) if self.schema_note and not self.exists() else ()

    def _foreign_tables(self) -> str:
        """Return the names of the first tables that are not dbt-heap's; empty if there are none."""
        return ", ".join(sorted(self.catalog.foreign_tables)[:5])

    def prepare(self) -> StateStore:
        """Create the schema and its shared tables, or migrate those of an older version; return the new store.

        Raises StateError if the schema contains other tables, WarehouseError if the role may not create it.
        """
        self.raise_if_shared()
        if self.is_complete():
            return self
        if self.exists():
            return self._migrate()
        self._create()
        if not (created := self.reread()).exists():
            raise StateError(
                f"the warehouse changed or cut the name of the schema {self.schema} when dbt-heap created it: set "
                "vars.dbt_heap.schema to a shorter, plainer name"
            )
        return created

    def _create(self, tries: int = 5) -> None:
        try:
            if not self.warehouse.render("schema_exists", schema=self.schema):
                self.warehouse.execute("create_state_schema", schema=self.schema)
            self.warehouse.execute("create_state", state=self.arguments())
        except WarehouseError:
            # If two runs start at once, Postgres may refuse one at each of these statements in spite of
            # `if not exists`: it checks and creates in two steps.
            if tries == 1:
                raise
            self._create(tries - 1)

    def _migrate(self) -> StateStore:
        try:
            self.warehouse.execute("migrate_state", state=self.arguments(), columns=self.shared_columns())
        except WarehouseError:
            # If two runs migrate at once, one is refused, and the other migrates.
            if any((store := self.reread()).missing_columns().values()):
                raise
            return store
        return self.reread()

    def fresh(self) -> StateStore:
        """Return this store, or read it again if other runs may have started and ended since it was read."""
        return self if time.time() - self.read_at < FRESH_SECONDS else self.reread()

    def outdated(self) -> StateStore:
        """Return a copy that the next `fresh` reads again."""
        return replace(self, read_at=0.0)

    def reread(self) -> StateStore:
        """Read the schema and the models again. Raises as `read_store` does."""
        read_at = time.time()
        catalog = read_catalog(self.warehouse, self.schema, self.relations, self.catalog)
        store = replace(self, catalog=catalog, read_at=read_at)
        if store.exists():
            return replace(store, log=_newest_entries(store))
        if orphans := [table for table in store.catalog.state_tables if names.holds_state(table)]:
            raise StateError(
                f"the table {names.SYNC_LOG} is missing from the schema {self.schema}, and {len(orphans)} tables with "
                "what Heap acknowledged are still there. Restore it; or, to send everything again, drop the schema"
            )
        return store


def read_store(warehouse: Warehouse, schema: str, owner: Owner) -> StateStore:
    """Read the state behind `vars.dbt_heap.schema`, and the columns of the models.

    Raises WarehouseError, and StateError if a newer dbt-heap wrote the state.
    """
    relations = tuple({sync.model.relation for sync in owner.declared.values() if sync.model.relation})
    named, note = warehouse.state_schema(schema)
    return StateStore(warehouse, named, owner, relations, Catalog({}, ("", "")), schema_note=note).reread()


def _newest_entries(store: StateStore) -> SyncLog:
    columns = store.shared_columns()[names.SYNC_LOG]
    rows = store.warehouse.query("newest_entries", state=store.arguments(), columns=columns).rows
    version = max((int(row["schema_version"] or 0) for row in rows), default=0)
    if version > SCHEMA_VERSION:
        raise StateError(
            f"the state in {store.schema} is of version {version}, written by a newer dbt-heap; this one, "
            f"{__version__}, knows versions up to {SCHEMA_VERSION} and writes nothing. Upgrade: pip install -U dbt-heap"
        )
    entries = [LogEntry.from_row(row) for row in rows]
    return SyncLog({(entry.destination, entry.sync): entry for entry in entries})
