"""The comparison of a model with the state of one sync: the diff that the macros turn into SQL, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Unpack

from dbt_heap.http import limits
from dbt_heap.project.instants import parse_instant
from dbt_heap.state.contract import ColumnArguments, PlanArguments, PlanChanges, PlanTables
from dbt_heap.state.log import LogEntry
from dbt_heap.state.merge import shown_names
from dbt_heap.state.models import reading
from dbt_heap.state.plan import DiffOptions, Plan
from dbt_heap.state.rekeyed import LEAST, LEAST_TIMED, RekeyedRows, count_rekeyed
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass
from dbt_heap.syncs.sync import Sync, SyncType
from dbt_heap.warehouse.connection import Row, Warehouse

_BATCH_ROWS = limits.MAX_BATCH


@dataclass(frozen=True)
class Comparison:
    """A model compared with the state of one sync: all that the macros of `macros/plan/` know."""

    store: StateStore
    sync: Sync
    destination: str
    columns: tuple[MappedColumn, ...]
    key_columns: tuple[str, ...]  # as the warehouse spells them
    newest: LogEntry | None
    options: DiffOptions
    tables: PlanTables

    def arguments(self, **changes: Unpack[PlanChanges]) -> PlanArguments:
        """Return what the macros take as `plan`; `changes` override it."""
        sync = self.sync
        by_role = {column.role: column for column in self.columns if column.role is not Role.PROPERTY}
        subject, timestamp = by_role.get(Role.SUBJECT), by_role.get(Role.TIMESTAMP)
        return {
            **self.tables,
            "sync": sync.name,
            "destination": self.destination,
            "type": str(sync.type),
            "key_columns": list(self.key_columns),
            "subject": subject.stored if subject else "key",
            "timestamp": timestamp.column if timestamp else None,
            "columns": [_as_arguments(column) for column in self.columns],
            "blank_nulls": sync.blank_nulls,
            "skip_null_identity": sync.skip_null_identity,
            "reject_too_long": sync.reject_too_long,
            "timezone": sync.timezone,
            "begin": sync.begin.isoformat() if sync.begin else None,
            "newer_than": self.newer_than,
            "rejects_run_id": self.newest.rejects_run_id if self.newest else None,
            "only_keys": [],
            "only_subjects": [],
            "retry_rejected": self.options.retry_rejected,
            "leaves_out_deleted": bool(self.tables["deletion"]) and sync.type is not SyncType.USER_DELETIONS,
            "again": self.options.again,
            "least_new": self._least_new,
            "count_model": sync.allow_rejected.share is not None,
            "count_state": bool(self.tables["synced"])
            and sync.max_rows is not None
            and sync.max_rows.share is not None,
            "max_batch": limits.MAX_DELETIONS if sync.type is SyncType.USER_DELETIONS else _BATCH_ROWS,
            "max_identity_events": limits.EVENTS_PER_MINUTE_AND_IDENTITY,
            **changes,
        }

    @property
    def newer_than(self) -> str | None:
        """Return where the lookback begins; earlier events are not compared. None if all events are compared."""
        if self.options.full_scan:
            return None
        times = [column for column in self.columns if column.role is Role.TIMESTAMP]
        by_day = any(column.value_class is ValueClass.DATE for column in times)
        return lookback_start(self.newest.newest_event_at if self.newest else None, self.sync.lookback, by_day=by_day)

    def preview(self) -> Plan:
        """Return the plan, counted by one query that writes nothing. Raises WarehouseError."""
        warehouse, plan = self.store.warehouse, self.arguments()
        select = f"({warehouse.render('outbox_rows', plan=plan)})"
        with warehouse.about(sync=self.sync.name), reading(warehouse, self.sync):
            counts = warehouse.query("outbox_counts", plan=plan, outbox=select).rows[0].dict()
            return self.plan(plan, select, counts)

    def sample(self, limit: int) -> list[Row]:
        """Return the first rows that would be sent. Raises WarehouseError."""
        warehouse = self.store.warehouse
        with warehouse.about(sync=self.sync.name), reading(warehouse, self.sync):
            return warehouse.fetch("outbox_sample", plan=self.arguments(), limit=limit)

    def dropped_properties(self) -> tuple[str, ...]:
        """Return the properties that were sent before and are no longer mapped: Heap keeps their last values."""
        if self.newest is None:
            return ()
        mapped = {column.name for column in self.columns}
        shown = shown_names(self.store, self.store.catalog, self.newest)
        return tuple(name for stored, name in shown.items() if name not in {*mapped, stored})

    def plan(self, arguments: PlanArguments, outbox: str, counts: Mapping[str, Any]) -> Plan:
        """Return the plan of an outbox.

        Args:
            arguments: what the macros took as `plan`.
            outbox: the outbox, a table or a select.
            counts: the row of `outbox_counts`.

        Raises:
            WarehouseError: the warehouse refused to count reasons or recomputed keys.
        """
        warehouse = self.store.warehouse
        reasons = _reject_reasons(warehouse, outbox, int(counts["rejected"]))
        rekeyed = count_rekeyed(warehouse, arguments, outbox, counts) if arguments["least_new"] else RekeyedRows()
        properties = [column for column in self.columns if column.role is Role.PROPERTY]
        before = self.newest.newest_event_at if self.newest else None
        return Plan(
            sync=self.sync,
            columns=self.columns,
            first=not self.tables["synced"] and self.sync.type is not SyncType.USER_DELETIONS,
            sendable=int(counts["sendable"]),
            new=int(counts["new_rows"]),
            rejected=int(counts["rejected"]),
            still_rejected=int(counts["still_rejected"]),
            skipped=int(counts["skipped"]),
            deleted=int(counts["deleted"]),
            batches=int(counts["batches"]),
            properties={each.name: int(counts[f"changed_{index}"]) for index, each in enumerate(properties)},
            new_properties=self._new_properties(properties),
            reasons=reasons,
            missing_keys=rekeyed.missing_keys,
            rekeyed_rows=rekeyed.rekeyed_rows,
            older_key=self._older_key,
            newer_than=self.newer_than,
            newest_event_at=held_back(latest(before, counts.get("newest_event_at")), counts.get("oldest_reject")),
            newest_event_at_meanwhile=held_back(before, counts.get("oldest")),
            model_rows=_number(counts.get("model_rows")),
            state_rows=_number(counts.get("state_rows")),
            renamed_from=self.newest.sync if self.newest and self.newest.sync != self.sync.name else None,
        )

    @property
    def _least_new(self) -> int:
        """Return from how many new rows on to check for recomputed keys; 0 if they are expected or cannot be."""
        if not self.tables["synced"] or self._takes_new_keys or self._older_key:
            return 0
        timed = any(column.role is Role.TIMESTAMP for column in self.columns)
        return LEAST_TIMED if timed and self.sync.type is SyncType.EVENTS else LEAST

    @property
    def changes_key(self) -> bool:
        """Return whether the key of the state is another than the declared one."""
        return self._older_key is not None

    @property
    def _older_key(self) -> str | None:
        before = self.newest.key_columns if self.newest and not self._takes_new_keys else self.sync.key
        return before if before != self.sync.key else None

    @property
    def _takes_new_keys(self) -> bool:
        """Return whether other keys are intended. Those of deletions always are: no record of Heap depends on them."""
        return self.options.rekeyed or self.sync.type is SyncType.USER_DELETIONS

    def _new_properties(self, properties: list[MappedColumn]) -> tuple[str, ...]:
        """Return properties without a column in the state: newly mapped, or of another class than before."""
        if self.sync.type is SyncType.EVENTS:
            return ()
        return tuple(each.name for each in properties if each.stored not in self.tables["synced_columns"])


def _as_arguments(column: MappedColumn) -> ColumnArguments:
    return {
        "role": str(column.role),
        "name": column.name,
        "column": column.column,
        "value_class": str(column.value_class),
        "stored": column.stored,
    }


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _reject_reasons(warehouse: Warehouse, outbox: str, rejected: int) -> dict[str, int]:
    """Return the rejected rows by reason; without a query if there are none."""
    if not rejected:
        return {}
    reasons: dict[str, int] = {}
    for reason, _, rows in warehouse.query("reject_counts", outbox=outbox).rows:
        reasons[reason] = reasons.get(reason, 0) + int(rows)
    return reasons


def latest(*texts: str | None) -> str | None:
    """Return the latest of some times; those that cannot be read are ignored."""
    times = [time for text in texts if text and (time := parse_instant(text))]
    return _text(max(times)) if times else None


def held_back(newest: str | None, oldest: str | None) -> str | None:
    """Return the earlier of `newest` and `oldest`, the time of the oldest event without an outcome.

    None if one of them cannot be read: then all events are compared.
    """
    if newest is None or oldest is None:
        return newest
    ends = parse_instant(newest), parse_instant(oldest)
    return _text(min(end for end in ends if end)) if all(ends) else None


def lookback_start(newest: str | None, lookback: timedelta | None, *, by_day: bool) -> str | None:
    """Return where a lookback begins; None if all events are compared.

    A date column is compared with a date, because some warehouses refuse to compare it with a time.
    """
    end = parse_instant(newest) if newest else None
    if end is None or lookback is None:
        return None
    try:
        begin = end - lookback
    except OverflowError:
        return None
    return begin.date().isoformat() if by_day else _text(begin)


def _text(time: datetime) -> str:
    """Return an instant as every warehouse reads it: in UTC, without an offset."""
    return time.replace(tzinfo=None).isoformat(sep=" ")
