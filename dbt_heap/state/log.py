"""One row of `sync_log`: a step of a run. The newest entry of a sync alone says where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from dbt_heap.state.contract import VerdictArguments


@dataclass(frozen=True)
class Acknowledgement:
    """What Heap said of a whole batch (`seq` is None), or of one row of it, which then counts instead."""

    batch: int
    seq: int | None
    verdict: str  # accepted | rejected
    reason: str | None = None
    property: str | None = None

    def as_arguments(self) -> VerdictArguments:
        """Return what the macro `acknowledge` takes."""
        return {
            "batch": self.batch, "seq": self.seq, "verdict": self.verdict, "reason": self.reason,
            "property": self.property,
        }  # fmt: skip


@dataclass(frozen=True)
class RowCounts:
    """What became of the planned rows."""

    accepted: int = 0
    rejected: int = 0
    undelivered: int = 0


SCHEMA_VERSION = 2  # of the state's tables; raised when an older dbt-heap must not write there any more


class Step(StrEnum):
    """The steps that are written down; what is done between two of them may be done again."""

    PLANNED = "planned"
    SENT_UP_TO = "sent_up_to"
    MERGED = "merged"
    CLOSED = "closed"
    ABANDONED = "abandoned"
    RESET = "reset"
    RENAMED = "renamed"
    REBOUND = "rebound"
    ADOPTED = "adopted"
    FORGOTTEN = "forgotten"

    @property
    def unfinished(self) -> bool:
        """Whether a run that got no further has to be recovered."""
        return self in (Step.PLANNED, Step.SENT_UP_TO, Step.MERGED)


@dataclass(frozen=True)
class LogEntry:
    """Fields as the columns of `sync_log`, which the macro `log_columns` types; its `at` is the warehouse's clock."""

    destination: str
    sync: str
    entry: int
    run_id: str
    step: Step
    type: str
    model: str
    relation: str
    key_columns: str
    namespace: str
    project: str | None = None  # the dbt project that syncs; None if unknown, as in entries of older versions
    synced: str | None = None  # the head: the table that holds what Heap acknowledged
    outbox: str | None = None
    acked: str | None = None
    sent_up_to: int | None = None  # rows up to this seq may have been sent
    rejects_run_id: str | None = None  # the run whose rows of `reject_log` stand
    newest_event_at: str | None = None  # the newest event time of which everything older is decided
    build: str | None = None  # dbt's invocation whose build was synced whole; only `sync --built` asks
    planned: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    undelivered: int | None = None
    still_rejected: int | None = None
    status: str | None = None
    schema_version: int = SCHEMA_VERSION
    host: str | None = None
    pid: int | None = None
    seconds_ago: int | None = None  # by the warehouse's clock, when it was read; no column of the log

    @property
    def first_project(self) -> str:
        """The project of the sync's first run, by which its idempotency keys begin; empty if it was unknown."""
        return self.namespace.partition(".")[0]

    def next(self, step: Step, **changes: Any) -> LogEntry:
        """The entry to append after this one."""
        return replace(self, entry=self.entry + 1, step=step, schema_version=SCHEMA_VERSION, **changes)

    def opened_by(self, run_id: str, host: str, pid: int) -> LogEntry:
        """The same place in the log as a new run finds it, which has planned nothing yet."""
        return replace(
            self, run_id=run_id, host=host, pid=pid, outbox=None, acked=None, sent_up_to=None, planned=None,
            accepted=None, rejected=None, undelivered=None, still_rejected=None, status=None,
        )  # fmt: skip

    def as_arguments(self) -> dict[str, Any]:
        """What the macro `append_entry` takes."""
        return {**asdict(self), "step": str(self.step)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> LogEntry:
        """An entry as it was read."""
        values = {each.name: row[each.name] for each in fields(cls)}
        for name in _NUMBERS:
            values[name] = None if values[name] is None else int(values[name])
        return cls(**{**values, "step": Step(_EARLIER_STEPS.get(values["step"], values["step"]))})


_EARLIER_STEPS = {"horizon": "sent_up_to", "folded": "merged"}  # as version 1 wrote them

_NUMBERS = (
    "entry", "sent_up_to", "planned", "accepted", "rejected", "undelivered", "still_rejected", "schema_version", "pid",
    "seconds_ago",
)  # fmt: skip
