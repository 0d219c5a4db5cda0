"""What a sync would do, counted: the noun, and the description of it that the macros turn into SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

from dbt_heap.http import limits
from dbt_heap.state import lookback
from dbt_heap.state.contract import ColumnArguments, PlanArguments, PlanChanges, PlanTables
from dbt_heap.state.log import LogEntry
from dbt_heap.state.plan_counts import LEAST, LEAST_TIMED, Replaced, reject_reasons, replaced_keys
from dbt_heap.syncs.columns import MappedColumn, Role, ValueClass, spellings
from dbt_heap.syncs.sync import Sync, SyncType

if TYPE_CHECKING:
    from dbt_heap.warehouse.connection import Warehouse

_BATCH_ROWS = limits.MAX_BATCH


@dataclass(frozen=True)
class DiffOptions:
    """How this run compares: the flags of `dbt-heap sync` that change the diff."""

    retry_rejected: bool = False
    full_scan: bool = False
    rekeyed: bool = False  # a key that is another than before is meant
    again: bool = False  # of deletions: also who was deleted before
    bound: bool = True  # to the relation of the first sync; a preview may look at another


@dataclass(frozen=True)
class Plan:
    """The figures of one outbox. Rows, unless said otherwise."""

    sync: Sync
    columns: tuple[MappedColumn, ...]
    first: bool  # nothing of this sync was ever acknowledged
    sendable: int
    new: int
    rejected: int  # by the rules that the warehouse can judge, for the first time
    still_rejected: int  # rejected before with the same values
    skipped: int  # null identities where the declaration says so
    deleted: int  # people whom Heap was asked to delete, and who are not sent again
    batches: int
    properties: Mapping[str, int]  # Heap's name -> rows whose value is sent
    new_properties: tuple[str, ...]
    reasons: Mapping[str, int]  # why rows are rejected, without the standing ones
    missing_keys: int = 0  # acknowledged keys that are gone from the model, if others came in their place
    rekeyed_rows: int = 0  # rows that Heap likely has under those keys
    older_key: str | None = None  # the one that the state's rows have, where another is declared and not meant yet
    newer_than: str | None = None  # the lookback's cut; None where all rows were compared
    newest_event_at: str | None = None  # LogEntry.newest_event_at from this run on, if Heap accepts all that is sent
    newest_event_at_meanwhile: str | None = None  # … and until it has
    model_rows: int | None = None
    state_rows: int | None = None
    renamed_from: str | None = None  # the earlier name whose state the sync has yet to take over

    @property
    def changed(self) -> int:
        """Rows to send whose key Heap holds already."""
        return self.sendable - self.new

    @property
    def planned(self) -> int:
        """Rows of which this run has to give account."""
        return self.sendable + self.rejected


@dataclass(frozen=True)
class Comparison:
    """A model and the state of one sync to compare it with: all that the macros in `macros/plan/` know."""

    sync: Sync
    destination: str
    columns: tuple[MappedColumn, ...]
    key_columns: tuple[str, ...]  # as the warehouse spells them
    newest: LogEntry | None
    options: DiffOptions
    tables: PlanTables

    def arguments(self, **changes: Unpack[PlanChanges]) -> PlanArguments:
        """Return what the macros take as `plan`."""
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
        """Where the lookback begins: events before it are not compared. None where all are."""
        if self.options.full_scan:
            return None
        times = [column for column in self.columns if column.role is Role.TIMESTAMP]
        by_day = any(column.value_class is ValueClass.DATE for column in times)
        return lookback.start(self.newest.newest_event_at if self.newest else None, self.sync.lookback, by_day=by_day)

    def figures(self, warehouse: Warehouse, plan: PlanArguments, outbox: str, counts: Mapping[str, Any]) -> Plan:
        """Return the plan of an outbox, a table or a select, that one row of `outbox_counts` counts.

        Raises WarehouseError.
        """
        reasons = reject_reasons(warehouse, outbox, int(counts["rejected"]))
        replaced = replaced_keys(warehouse, plan, outbox, counts) if plan["least_new"] else Replaced()
        return replace(self.plan(counts, reasons), missing_keys=replaced.gone, rekeyed_rows=replaced.came)

    def plan(self, counts: Mapping[str, Any], reasons: Mapping[str, int]) -> Plan:
        """The figures of one row of `outbox_counts` and of `reject_counts`."""
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
            older_key=self._older_key,
            newer_than=self.newer_than,
            newest_event_at=lookback.held_back(
                lookback.latest(before, counts.get("newest_event_at")), counts.get("oldest_reject")
            ),
            newest_event_at_meanwhile=lookback.held_back(before, counts.get("oldest")),
            model_rows=_number(counts.get("model_rows")),
            state_rows=_number(counts.get("state_rows")),
            renamed_from=self.newest.sync if self.newest and self.newest.sync != self.sync.name else None,
        )

    @property
    def _least_new(self) -> int:
        """New rows from which on recomputed keys are looked for; 0 if they are not, or if they are meant."""
        if not self.tables["synced"] or self.options.rekeyed or self._older_key:
            return 0
        timed = any(column.role is Role.TIMESTAMP for column in self.columns)
        return LEAST_TIMED if timed and self.sync.type is SyncType.EVENTS else LEAST

    @property
    def changes_key(self) -> bool:
        """Whether the state's rows have another key than the declared one."""
        return self._older_key is not None

    @property
    def _older_key(self) -> str | None:
        before = self.newest.key_columns if self.newest and not self.options.rekeyed else self.sync.key
        return before if before != self.sync.key else None

    def _new_properties(self, properties: list[MappedColumn]) -> tuple[str, ...]:
        """Properties without a column in the state: newly mapped, or of another class than before."""
        if self.sync.type is SyncType.EVENTS:
            return ()
        return tuple(each.name for each in properties if each.stored not in self.tables["synced_columns"])


def spelled(column: str, types: Iterable[str]) -> str:
    """A declared column as the warehouse spells it. That there is one and no other, is the caller's to know."""
    return spellings(column, types)[0]


def mapped_columns(sync: Sync, types: Mapping[str, str], classes: Mapping[str, ValueClass]) -> tuple[MappedColumn, ...]:
    """What is read of the model: roles first, then properties in the declaration's order.

    `types` and `classes` are of the model's columns. Those that do not exist are the caller's to find.
    """
    named: list[tuple[Role, str, str | None]] = []
    if sync.type is SyncType.EVENTS:
        named = [
            (Role.SUBJECT, str(Role.SUBJECT), sync.subject_column),
            (Role.EVENT, str(Role.EVENT), sync.event_name_column),
            (Role.TIMESTAMP, str(Role.TIMESTAMP), sync.timestamp),
            (Role.SESSION_ID, str(Role.SESSION_ID), sync.session_id),
            (Role.IDEMPOTENCY_KEY, str(Role.IDEMPOTENCY_KEY), sync.idempotency_key),
            (Role.PROPERTIES, str(Role.PROPERTIES), sync.properties_column),
        ]
    named += [(Role.PROPERTY, name, column) for name, column in sync.properties.items()]
    found = [(role, name, spelled(column, types)) for role, name, column in named if column]
    return tuple(MappedColumn(role, name, column, types[column], classes[column]) for role, name, column in found)


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
