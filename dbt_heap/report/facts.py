"""What the page is made from: what is declared, what ran, and what stands rejected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from dbt_heap.declarations.sync import Sync
from dbt_heap.manifest import Lineage
from dbt_heap.results import Results, Status, SyncResult

UNFINISHED = "unfinished"  # of a run that is at work, or was killed and not taken up yet
_WELL = {str(each) for each in Status if each.exit_code == 0} | {UNFINISHED}


@dataclass(frozen=True)
class Run:
    """One run of one sync."""

    run_id: str
    status: str
    started_at: datetime  # UTC
    planned: int = 0
    accepted: int = 0
    rejected: int = 0
    undelivered: int = 0
    standing: int = 0

    @property
    def well(self) -> bool:
        """Whether nobody has to do anything about it."""
        return self.status in _WELL


@dataclass(frozen=True)
class Reject:
    """Rows that stand rejected for one reason."""

    reason: str
    property: str | None  # Heap's name of it, where one is at fault
    rows: int


@dataclass(frozen=True)
class SyncFacts:
    """One declared sync, and what is known of it."""

    sync: Sync
    destination: str  # app id and host; empty where none is known
    lineage: Lineage
    results: Results | None = None  # those of the last `dbt-heap sync` here, if it had this sync
    runs: tuple[Run, ...] = ()  # of the warehouse's log, the earliest first
    rejects: tuple[Reject, ...] = ()

    @property
    def result(self) -> SyncResult | None:
        """What the results of this destination say of it: messages and properties, which the log does not keep."""
        found = self.results[self.sync.name] if self.results else None
        elsewhere = found and found.destination and self.destination and found.destination != self.destination
        return None if elsewhere else found

    @cached_property
    def last(self) -> Run | None:
        """Its newest run, or what held it back; None where it never ran."""
        newest = self.runs[-1] if self.runs else None
        reported = _as_run(self.results, self.result) if self.results and self.result else None
        if newest is None or reported is None:
            return newest or reported
        return reported if reported.run_id == newest.run_id or reported.started_at > newest.started_at else newest

    @property
    def said(self) -> SyncResult | None:
        """The result of its newest run, if the results are of that run."""
        return self.result if self.results and self.last and self.last.run_id == self.results.run_id else None

    @cached_property
    def all_runs(self) -> tuple[Run, ...]:
        """Its runs, the earliest first, with the newest where the log has none of it."""
        if self.last is None:
            return ()
        return (*(run for run in self.runs if run.run_id != self.last.run_id), self.last)


@dataclass(frozen=True)
class Report:
    """All that the page tells."""

    project: str
    target: str
    made_at: datetime  # UTC
    syncs: tuple[SyncFacts, ...]
    gaps: tuple[str, ...] = ()  # what is missing on the page, and how to have it there

    @property
    def failed(self) -> tuple[SyncFacts, ...]:
        """The syncs whose newest run did not end well."""
        return tuple(each for each in self.syncs if each.last and not each.last.well)

    def last_runs(self) -> Iterator[Run]:
        """The newest run of each sync that ever ran."""
        return (each.last for each in self.syncs if each.last)


def _as_run(results: Results, result: SyncResult) -> Run:
    return Run(
        run_id=results.run_id,
        status=str(result.status),
        started_at=datetime.fromisoformat(results.started_at),
        planned=result.planned,
        accepted=result.accepted,
        rejected=result.rejected,
        undelivered=result.undelivered,
        standing=result.standing,
    )
