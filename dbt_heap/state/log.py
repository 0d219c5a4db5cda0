"""`sync_log`: one row per step of a run. The newest entry of a sync says everything about where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import orjson

from dbt_heap.state.contract import VerdictArguments


@dataclass(frozen=True)
class Acknowledgement:
    """Heap's verdict on a whole batch (`seq` is None), or on one of its rows, which overrides the batch's."""

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
    """The outcome of a sync's rows: every planned row is accepted, rejected or undelivered."""

    planned: int = 0
    accepted: int = 0
    rejected: int = 0

    @property
    def undelivered(self) -> int:
        """Return the rows that have no verdict."""
        return self.planned - self.accepted - self.rejected

    def as_dict(self) -> dict[str, Any]:
        """Return the counts under their names in `sync_log` and in the results."""
        return {**asdict(self), "undelivered": self.undelivered}


SCHEMA_VERSION = 2  # of the state's tables; raised when an older dbt-heap must not write there any more


class Step(StrEnum):
    """The steps that the log records; whatever is done between two of them can be repeated."""

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
        """Return whether a run whose last step this is must be recovered."""
        return self in (Step.PLANNED, Step.SENT_UP_TO, Step.MERGED)


@dataclass(frozen=True)
class LogEntry:
    """One row of `sync_log`. Its fields are the table's columns, which the macro `log_columns` types."""

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
    rejects_run_id: str | None = None  # the run whose rows of `reject_log` are current
    newest_event_at: str | None = None  # every event older than this has an outcome
    build: str | None = None  # dbt's invocation whose build was sent completely; only `sync --built` needs it
    planned: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    undelivered: int | None = None
    still_rejected: int | None = None
    status: str | None = None
    property_names: str | None = None  # JSON: stored name -> Heap's name; None in entries of version 1
    schema_version: int = SCHEMA_VERSION
    host: str | None = None
    pid: int | None = None
    seconds_ago: int | None = None  # by the warehouse's clock, when it was read; no column of the log

    @property
    def first_project(self) -> str:
        """Return the project of the sync's first run, with which its idempotency keys begin; empty if unknown."""
        return self.namespace.partition(".")[0]

    @property
    def heap_names(self) -> dict[str, str]:
        """Return Heap's names of all properties that were ever mapped, by stored name; empty if unknown."""
        names: dict[str, str] = orjson.loads(self.property_names) if self.property_names else {}
        return names

    def with_heap_names(self, names: Mapping[str, str]) -> LogEntry:
        """Return the entry with Heap's property names by stored name."""
        return replace(self, property_names=orjson.dumps(names, option=orjson.OPT_SORT_KEYS).decode())

    def next(self, step: Step, **changes: Any) -> LogEntry:
        """Return the entry to append after this one."""
        return replace(self, entry=self.entry + 1, step=step, schema_version=SCHEMA_VERSION, **changes)

    def opened_by(self, run_id: str, host: str, pid: int) -> LogEntry:
        """Return this entry as a new run starts from it, with nothing planned yet."""
        return replace(
            self, run_id=run_id, host=host, pid=pid, outbox=None, acked=None, sent_up_to=None, planned=None,
            accepted=None, rejected=None, undelivered=None, still_rejected=None, status=None,
        )  # fmt: skip

    def as_arguments(self) -> dict[str, Any]:
        """Return what the macro `append_entry` takes."""
        return {**asdict(self), "step": str(self.step)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> LogEntry:
        """Return the entry in a row of `newest_entries`."""
        values = {each.name: row[each.name] for each in fields(cls)}
        for name in _NUMBERS:
            values[name] = None if values[name] is None else int(values[name])
        return cls(**{**values, "step": Step(_EARLIER_STEPS.get(values["step"], values["step"]))})


_EARLIER_STEPS = {"horizon": "sent_up_to", "folded": "merged"}  # as version 1 wrote them

_NUMBERS = (
    "entry", "sent_up_to", "planned", "accepted", "rejected", "undelivered", "still_rejected", "schema_version", "pid",
    "seconds_ago",
)  # fmt: skip


_MINUTE = 61  # seconds: the window in which Heap counts events, and one second to be safe


@dataclass(frozen=True)
class SyncLog:
    """The newest entry of each sync at each destination."""

    entries: Mapping[tuple[str, str], LogEntry] = field(default_factory=dict)  # by destination and sync

    def last(self, destination: str, sync: str) -> LogEntry | None:
        """Return a sync's newest entry, whatever its step; None if the sync never ran."""
        return self.entries.get((destination, sync))

    def current(self, destination: str, sync: str) -> LogEntry | None:
        """Return the newest entry of a sync that has state; None if it never ran, was reset or was renamed."""
        entry = self.last(destination, sync)
        gone = entry is None or entry.step is Step.RESET or (entry.step is Step.RENAMED and entry.synced is None)
        return None if gone else entry

    def last_number(self, destination: str, sync: str) -> int:
        """Return the number of a sync's newest entry; 0 if it never ran."""
        entry = self.last(destination, sync)
        return entry.entry if entry else 0

    def is_unfinished(self, destination: str, sync: str) -> bool:
        """Return whether the sync's last run did not end."""
        entry = self.last(destination, sync)
        return entry is not None and entry.step.unfinished

    def recent_events(self, destination: str) -> list[tuple[int, float]]:
        """Return how many events other runs sent to a destination within the last minute, and how many seconds ago."""
        ended = [each for each in self.entries.values() if each.destination == destination and each.type == "events"]
        return [
            (each.accepted, float(each.seconds_ago))
            for each in ended
            if each.accepted and each.seconds_ago is not None and each.seconds_ago < _MINUTE
        ]
