"""Step 7: merge what Heap accepted into the state, mark the rest as in doubt, and show it in `<sync>__synced`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from dbt_heap.state import names
from dbt_heap.state.catalog import Catalog, read_catalog
from dbt_heap.state.contract import PropertyArguments, RunArguments, RunChanges, StateColumnArguments
from dbt_heap.state.log import LogEntry, RowCounts, Step
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import MappedColumn, Role, is_field, is_property

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
            raise self.store.missing(self.entry.sync, f"its state, the table {self.entry.synced},")
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
                raise self.store.missing(self.entry.sync, f"the table {table} of an interrupted run")
        row = self.store.warehouse.query("verdict_counts", run=self._arguments()).rows[0]
        accepted, rejected = int(row["accepted"]), (self.entry.rejected or 0) + int(row["rejected"])
        return RowCounts(self.entry.planned or 0, accepted, rejected)

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


_MAX_BYTES = 60  # of a column's name in the view; Postgres cuts at 63


def view_of(store: StateStore, catalog: Catalog, destination: str, sync: str) -> str:
    """Return the name of a sync's view at a destination: `<sync>__synced`, unless another destination came first."""
    own = names.view(sync, destination)
    others = [where for where, name in store.log.entries if name == sync and where != destination]
    first = any(store.log.current(each, sync) and not catalog.of_view(names.view(sync, each)) for each in others)
    return own if first or catalog.of_view(own) else names.view(sync)


def shown_names(store: StateStore, catalog: Catalog, entry: LogEntry) -> dict[str, str]:
    """Return Heap's names of the state's properties by stored name.

    Version 1 of the state had them only in the view. They are unknown if its view shows another table, or is gone.
    """
    if entry.property_names is not None:
        known = entry.heap_names
        return {name: known[name] for name in catalog.of_state(entry.synced) if name in known}
    view = view_of(store, catalog, entry.destination, entry.sync)
    stored, shown = catalog.of_state(entry.synced), catalog.of_view(view)
    pairs = zip(stored, shown, strict=True) if len(stored) == len(shown) else ()
    return {name: wanted for name, wanted in pairs if is_property(name)}


def property_names(columns: Iterable[MappedColumn]) -> dict[str, str]:
    """Return Heap's names of mapped properties by stored name."""
    return {each.stored: each.name for each in columns if each.role is Role.PROPERTY}


def show_synced(
    store: StateStore, catalog: Catalog, entry: LogEntry, before: LogEntry, wanted: Mapping[str, str]
) -> None:
    """Make a sync's view show its current state, unless it does already: grants on it and views over it stay.

    Args:
        store: the state schema.
        catalog: read before `entry` was logged.
        entry: the sync's newest entry.
        before: the entry that the view showed.
        wanted: Heap's property names by stored name.

    Raises:
        WarehouseError: the warehouse refused, for example because another view depends on this one.
    """
    if entry.synced != before.synced:
        catalog = read_catalog(store.warehouse, store.schema, [])
    stored = catalog.of_state(entry.synced)
    columns = _columns(stored, wanted)
    view = view_of(store, catalog, entry.destination, entry.sync)
    same = list(catalog.of_view(view).items()) == [(shown, stored[name]) for name, shown in columns.items()]
    # A dead run may have created the table without its view, and the catalog does not say what a view reads.
    in_place = before.synced == entry.synced and before.step is not Step.MERGED
    if columns and not (same and in_place):
        relation, synced = store.relation(view), store.relation(entry.synced or "")
        store.warehouse.execute("synced_view", view=relation, synced=synced, columns=columns, same=same)


def _columns(stored: Iterable[str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the view's column names by stored name.

    A name that another column has already (warehouses ignore case), or that is too long, is replaced by the stored one.
    """
    columns: dict[str, str] = {}
    taken = {name.lower() for name in stored if name not in wanted}
    for name in stored:
        shown = wanted.get(name, name)
        fits = shown.lower() not in taken and len(shown.encode()) <= _MAX_BYTES and not set(shown) & set('"`')
        columns[name] = shown if fits else name
        taken.add(columns[name].lower())
    return columns


def drop_view(store: StateStore, destination: str, sync: str) -> None:
    """Drop a sync's view, if it exists. Raises WarehouseError."""
    view = view_of(store, store.catalog, destination, sync)
    store.warehouse.execute("drop_state_view", view=store.relation(view))
