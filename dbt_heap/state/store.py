"""The state schema as one invocation sees it: its tables' names in SQL, the catalog, and where every sync stands."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dbt_heap import __version__
from dbt_heap.errors import StateError, WarehouseError
from dbt_heap.project.nodes import Relation
from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.contract import StateArguments
from dbt_heap.state.lock import Holder, Lock
from dbt_heap.state.log import SCHEMA_VERSION, LogEntry, Step
from dbt_heap.syncs.sync import SyncType
from dbt_heap.warehouse.connection import Warehouse

FRESH_SECONDS = 30.0
_MINUTE = 61  # seconds, over which Heap counts events


@dataclass(frozen=True)
class State:
    """Where things stand; read by at most two statements for all syncs of an invocation."""

    warehouse: Warehouse
    schema: str
    relations: tuple[Relation, ...]  # of the models
    catalog: Catalog
    entries: Mapping[tuple[str, str], LogEntry]  # (destination, sync) -> its newest
    read_at: float = 0.0  # by this machine's clock
    schema_note: str = ""  # why the state is not where the project's naming macro would put it
    _relations_by_table: dict[str, str] = field(default_factory=dict, repr=False)  # each is asked for often

    def newest(self, destination: str, sync: str) -> LogEntry | None:
        """A sync's newest entry; None where it never ran or was reset."""
        entry = self.entries.get((destination, sync))
        gone = entry is None or entry.step is Step.RESET or (entry.step is Step.RENAMED and entry.synced is None)
        return None if gone else entry

    def last_number(self, destination: str, sync: str) -> int:
        """The number of its last entry, whatever that says; 0 where there is none."""
        entry = self.entries.get((destination, sync))
        return entry.entry if entry else 0

    def recent_events(self, destination: str) -> list[tuple[int, float]]:
        """What other runs sent to a destination in the last minute: how many events, and how many seconds ago."""
        ended = [each for each in self.entries.values() if each.destination == destination and each.type == "events"]
        return [
            (each.accepted, float(each.seconds_ago))
            for each in ended
            if each.accepted and each.seconds_ago is not None and each.seconds_ago < _MINUTE
        ]

    def relation(self, table: str) -> str:
        """One of the state's tables as SQL names it."""
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
        """The lock of a sync at a destination, not taken yet."""
        stem = names.stem(destination, sync)
        newest = self.entries.get((destination, sync))
        working = newest.acked if newest and newest.step.unfinished else None
        return Lock(
            warehouse=self.warehouse,
            sync=sync,
            stem=stem,
            table=self.relation(names.lock(destination, sync)),
            state=self.arguments(),
            acked=self.relation(working) if working else None,
        )

    def deletion_log(self) -> str | None:
        """The log of whom Heap was asked to delete; None where it never was. Raises StateError where it is gone."""
        if self.catalog.of_state(names.DELETION_LOG):
            return self.relation(names.DELETION_LOG)
        if any(entry.type == str(SyncType.USER_DELETIONS) for entry in self.entries.values()):
            raise StateError(
                f"the table {names.DELETION_LOG} is gone from the schema {self.schema}, by which those are known who "
                "were deleted in Heap and must not be sent again. Restore it"
            )
        return None

    def append(self, entry: LogEntry, lock: Lock, holder: Holder) -> None:
        """Writes a step down, if the lock is still the holder's. Raises WarehouseError."""
        self.warehouse.execute(
            "append_entry", state=self.arguments(), lock=lock.table, holder=holder.run_id, entry=entry.as_arguments()
        )

    def drop(self, table: str) -> None:
        """Removes one of the state's tables, if it is there. Raises WarehouseError."""
        if names.was_lock(table):
            self.warehouse.execute("drop_lock", lock=self.relation(table))
        else:
            self.warehouse.execute("drop_state_table", relation=self.relation(table))

    def unnamed(self, destination: str, sync: str) -> list[str]:
        """The tables of a sync that no entry names as its head: of a run that works or that was killed."""
        named = {entry.synced for entry in self.entries.values()}
        stem = names.stem(destination, sync)
        return [each for each in self.catalog.state_tables if names.belongs(each, stem) and each not in named]

    def ready(self) -> bool:
        """Whether the log stands, by which everything else is known."""
        return bool(self.catalog.of_state(names.SYNC_LOG))

    def shared_columns(self) -> dict[str, list[str]]:
        """Return the columns of the shared tables that exist, in lower case, by table."""
        columns = {name: list(self.catalog.of_state(name)) for name in names.TABLES}
        return {name: found for name, found in columns.items() if found}

    def missing_columns(self) -> dict[str, list[str]]:
        """Return the columns that shared tables of an older dbt-heap lack, by table."""
        missing: dict[str, list[str]] = self.warehouse.render("missing_columns", columns=self.shared_columns())
        return missing

    def whole(self) -> bool:
        """Whether shared tables and views stand as this version needs them."""
        stand = all(map(self.catalog.of_state, names.SHARED))
        return stand and not any(self.missing_columns().values())

    def must_be_ours(self) -> None:
        """Raise StateError if the schema holds tables of others before the first sync."""
        if not self.ready() and (strangers := self._strangers()):
            raise StateError(
                f"the schema {self.schema} contains tables that are not dbt-heap's ({strangers}). Set "
                "vars.dbt_heap.schema to a schema that only dbt-heap uses, and never to the one that Heap Connect "
                "exports to."
            )

    def warnings(self) -> tuple[str, ...]:
        """Return what to know about the schema: tables of others, which came after the first sync."""
        if not self.ready() or not (strangers := self._strangers()):
            return ()
        return (
            f"the schema {self.schema} contains tables that are not dbt-heap's ({strangers}). Syncs go on; keep the "
            "schema for dbt-heap's state alone",
        )

    def news(self) -> tuple[str, ...]:
        """Return what to know once, before the state is made: that the project gives it no schema of its own."""
        return (self.schema_note,) if self.schema_note and not self.ready() else ()

    def _strangers(self) -> str:
        """The first tables of others, as a list; empty if there are none."""
        return ", ".join(sorted(self.catalog.strangers)[:5])

    def prepare(self) -> State:
        """The state, its schema and shared tables made where they are missing, or migrated from an older version.

        Raises StateError where the schema holds tables of others, WarehouseError where it may not be made.
        """
        self.must_be_ours()
        if self.whole():
            return self
        if self.ready():
            return self._migrated()
        self._make()
        if not (made := self.reread()).ready():
            raise StateError(
                f"the schema {self.schema} was made, and the warehouse knows it by another name, cut or changed: "
                "give vars.dbt_heap.schema a shorter, plainer one"
            )
        return made

    def _make(self, tries: int = 5) -> None:
        try:
            if not self.warehouse.render("schema_exists", schema=self.schema):
                self.warehouse.execute("create_state_schema", schema=self.schema)
            self.warehouse.execute("create_state", state=self.arguments())
        except WarehouseError:
            # Of two runs at once one may be refused at each of these statements, although it says `if not exists`, as
            # the other was there first: seen on Postgres, whose check and whose making are two steps.
            if tries == 1:
                raise
            self._make(tries - 1)

    def _migrated(self) -> State:
        try:
            self.warehouse.execute("migrate_state", state=self.arguments(), columns=self.shared_columns())
        except WarehouseError:
            # Of two runs at once one is refused, and the other does it.
            if any((state := self.reread()).missing_columns().values()):
                raise
            return state
        return self.reread()

    def fresh(self) -> State:
        """This, or the state looked at again where it was read so long ago that runs may have begun and ended since."""
        return self if time.time() - self.read_at < FRESH_SECONDS else self.reread()

    def outdated(self) -> State:
        """The same, to be looked at again by the next who wants it fresh."""
        return replace(self, read_at=0.0)

    def reread(self) -> State:
        """The same schema and models, looked at again. Raises as read_state does."""
        read_at = time.time()
        catalog = read_catalog(self.warehouse, self.schema, self.relations, self.catalog)
        state = replace(self, catalog=catalog, read_at=read_at)
        if state.ready():
            return replace(state, entries=_entries(state))
        if orphans := [table for table in state.catalog.state_tables if names.holds_state(table)]:
            raise StateError(
                f"the table {names.SYNC_LOG} is gone from the schema {self.schema}, and {len(orphans)} tables of what "
                "Heap acknowledged are still there. Restore it; or, to send everything again, drop the schema"
            )
        return state


def read_state(warehouse: Warehouse, schema: str, relations: Iterable[Relation]) -> State:
    """The state behind `vars.dbt_heap.schema`, and the columns of the models.

    Raises WarehouseError, and StateError where a newer dbt-heap wrote it.
    """
    named, note = warehouse.state_schema(schema)
    return State(warehouse, named, tuple(relations), Catalog({}, ("", "")), {}, schema_note=note).reread()


def _entries(state: State) -> dict[tuple[str, str], LogEntry]:
    columns = state.shared_columns()[names.SYNC_LOG]
    rows = state.warehouse.query("newest_entries", state=state.arguments(), columns=columns).rows
    version = max((int(row["schema_version"] or 0) for row in rows), default=0)
    if version > SCHEMA_VERSION:
        raise StateError(
            f"the state in {state.schema} is of version {version}, written by a newer dbt-heap; this one, "
            f"{__version__}, knows versions up to {SCHEMA_VERSION} and writes nothing. Upgrade: pip install -U dbt-heap"
        )
    entries = [LogEntry.from_row(row) for row in rows]
    return {(entry.destination, entry.sync): entry for entry in entries}
