"""Step 7: merge what Heap accepted into the state, and mark what it may have as in doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from dbt_heap.errors import StateError
from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog
from dbt_heap.state.contract import PropertyArguments, RunArguments, RunChanges, StateColumnArguments
from dbt_heap.state.log import LogEntry, RowCounts
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import is_field, is_property

_OWN_COLUMNS = frozenset({"key", "doubt", "origin", "acked_at", "run_id"})


@dataclass(frozen=True)
class Merge:
    """Merges the outbox and verdicts of a run, this one or a dead one, into the state."""

    store: StateStore
    catalog: Catalog
    entry: LogEntry  # names the outbox, the verdicts, the sent-up-to mark and the current table
    lock: str
    holder: str

    def merge(self) -> str | None:
        """Merge, and return the table that is now the state: the same one or a new one; None for deletions.

        Raises StateError if the current table is missing, WarehouseError.
        """
        older = self.catalog.of_state(self.entry.synced)
        if self.entry.synced and not older:
            raise StateError(
                f"{self.entry.sync}: its state, the table {self.entry.synced}, is gone from the schema "
                f"{self.store.schema}. Restore it, or start over with: dbt-heap state reset {self.entry.sync}"
            )
        if self.entry.type == "user_deletions":
            return None  # the deletion log is their state
        return self._merge_events(bool(older)) if self.entry.type == "events" else self._merge_objects(older)

    def log(self, names_of: Mapping[str, str]) -> None:
        """Append what was sent to the property log. `names_of`: Heap's names by stored name. Raises WarehouseError."""
        columns = [name for name in self.catalog.of_state(self.entry.outbox) if is_property(name)]
        properties: list[PropertyArguments] = [
            {"place": place, "column": column, "name": names_of.get(column, column)}
            for place, column in enumerate(columns, start=1)
            if self.entry.type != "events" or not is_field(column)
        ]
        table = names.log(self.entry.sync)
        log = self.store.relation(table)
        if not self.catalog.of_state(table):
            self.store.warehouse.execute("create_property_log", log=log)
        if properties:
            self.store.warehouse.execute(
                "append_property_log",
                run=self._arguments(),
                log=log,
                destination=self.entry.destination,
                properties=properties,
            )

    def counts(self) -> RowCounts:
        """Return the outcome of the planned rows. Raises StateError if the run's tables are missing, WarehouseError."""
        for table in (self.entry.outbox, self.entry.acked):
            if not self.catalog.of_state(table):
                raise StateError(
                    f"{self.entry.sync}: {table}, which an interrupted run needs, is gone from the schema "
                    f"{self.store.schema}. Restore it, or start over with: dbt-heap state reset {self.entry.sync}"
                )
        row = self.store.warehouse.query("verdict_counts", run=self._arguments()).rows[0]
        accepted, rejected = int(row["accepted"]), (self.entry.rejected or 0) + int(row["rejected"])
        return RowCounts(accepted, rejected, (self.entry.planned or 0) - accepted - rejected)

    def _merge_events(self, follows: bool) -> str:
        if follows and self.entry.synced:
            self.store.warehouse.execute("merge_events", run=self._arguments())
            return self.entry.synced
        return self._generation("create_event_generation")

    def _merge_objects(self, older: Any) -> str:
        sent = {
            name: type_name for name, type_name in self.catalog.of_state(self.entry.outbox).items() if is_property(name)
        }
        columns: list[StateColumnArguments] = [
            {"name": name, "known": name in older, "type": type_name} for name, type_name in sent.items()
        ]
        fits = all(_holds(older.get(name), type_name) for name, type_name in sent.items())
        kept: list[StateColumnArguments] = [
            {"name": name, "known": True, "type": type_name}
            for name, type_name in older.items()
            if name not in sent and name not in _OWN_COLUMNS
        ]
        if self.entry.synced and fits and self.store.warehouse.render("supports_merge"):
            self.store.warehouse.execute("merge_objects", run=self._arguments(columns=columns, kept=kept))
            return self.entry.synced
        return self._generation("create_object_generation", columns=columns, kept=kept)

    def _generation(self, macro: str, **changes: Unpack[RunChanges]) -> str:
        """Create a table under a new name each time, because a killed CTAS may have left the last one behind."""
        name = names.generation(self.entry.destination, self.entry.sync)
        named: RunChanges = {**changes, "next": self.store.relation(name)}
        self.store.warehouse.execute(macro, run=self._arguments(**named))
        return name

    def _arguments(self, **changes: Unpack[RunChanges]) -> RunArguments:
        """Return what the macros take as `run`."""
        relation = self.store.relation
        return {
            "run_id": self.entry.run_id,
            "holder": self.holder,
            "lock": self.lock,
            "outbox": relation(self.entry.outbox or ""),
            "acked": relation(self.entry.acked or ""),
            "older": relation(self.entry.synced) if self.entry.synced else None,
            "sent_up_to": self.entry.sent_up_to or 0,
            # version 1 of the state called the column `stood`
            "still_rejected": "stood" if "stood" in self.catalog.of_state(self.entry.outbox) else "still_rejected",
            **changes,
        }


def mark_in_doubt(store: StateStore, entry: LogEntry) -> str | None:
    """Mark all of a sync's rows as in doubt; return the name of the new table, None if it was done in place.

    Raises WarehouseError.
    """
    known = store.relation(entry.synced or "")
    if store.warehouse.render("supports_merge"):
        store.warehouse.execute("mark_all_in_doubt", synced=known)
        return None
    marked = names.generation(entry.destination, entry.sync)
    store.warehouse.execute(
        "create_in_doubt_generation", next=store.relation(marked), synced=known,
        columns=list(store.catalog.of_state(entry.synced)),
    )  # fmt: skip
    return marked


def _holds(stored: str | None, sent: str) -> bool:
    """Return whether a column can store a type: the same one, or the same one with limits, `numeric(10,2)`."""
    return stored is not None and (stored == sent or bool(re.fullmatch(re.escape(stored) + r"\(\d+(, ?\d+)?\)", sent)))
