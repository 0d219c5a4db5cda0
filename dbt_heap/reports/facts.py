"""The facts for the HTML report: declared syncs, their runs and their rejected rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from dbt_heap.delivery.results import FILE_NAME as RESULTS
from dbt_heap.delivery.results import Results, Status, SyncResult, read_results
from dbt_heap.errors import HeapError, SettingsError
from dbt_heap.project.instants import parse_instant
from dbt_heap.state.history import read_history, read_rejects
from dbt_heap.state.open import open_state
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync

UNFINISHED = "unfinished"  # the status of a run that is still running, or was killed and not recovered yet
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
    still_rejected: int = 0

    @property
    def well(self) -> bool:
        """Return whether there is nothing to do about it."""
        return self.status in _WELL


@dataclass(frozen=True)
class Reject:
    """Rows that are rejected for one reason."""

    reason: str
    property: str | None  # Heap's name, if the reason concerns one property
    rows: int


@dataclass(frozen=True)
class SyncFacts:
    """One declared sync, its runs and its rejects."""

    sync: Sync
    destination: str  # Environment ID and host; empty if unknown
    results: Results | None = None  # of the last `dbt-heap sync` in this folder, if it included this sync
    runs: tuple[Run, ...] = ()  # from the warehouse's log, earliest first
    rejects: tuple[Reject, ...] = ()

    @property
    def result(self) -> SyncResult | None:
        """Return its result, which has messages and properties; None if the results are of another destination."""
        found = self.results[self.sync.name] if self.results else None
        elsewhere = found and found.destination and self.destination and found.destination != self.destination
        return None if elsewhere else found

    @cached_property
    def last(self) -> Run | None:
        """Return its latest run, also one that sent nothing; None if it never ran."""
        newest = self.runs[-1] if self.runs else None
        reported = _as_run(self.results, self.result) if self.results and self.result else None
        if newest is None or reported is None:
            return newest or reported
        return reported if reported.run_id == newest.run_id or reported.started_at > newest.started_at else newest

    @property
    def said(self) -> SyncResult | None:
        """Return the result of its latest run; None if the results are of an earlier run."""
        return self.result if self.results and self.last and self.last.run_id == self.results.run_id else None

    @cached_property
    def all_runs(self) -> tuple[Run, ...]:
        """Return its runs, earliest first, including a latest run that the log does not have."""
        if self.last is None:
            return ()
        return (*(run for run in self.runs if run.run_id != self.last.run_id), self.last)


@dataclass(frozen=True)
class Report:
    """Everything on the page."""

    project: str
    target: str
    made_at: datetime  # UTC
    syncs: tuple[SyncFacts, ...]
    gaps: tuple[str, ...] = ()  # what is missing from the page, and how to add it

    @property
    def failed(self) -> tuple[SyncFacts, ...]:
        """Return the syncs whose latest run did not succeed."""
        return tuple(each for each in self.syncs if each.last and not each.last.well)

    def last_runs(self) -> Iterator[Run]:
        """Yield the latest run of each sync that ever ran."""
        return (each.last for each in self.syncs if each.last)


def _as_run(results: Results, result: SyncResult) -> Run:
    return Run(
        run_id=results.run_id,
        status=str(result.status),
        started_at=_instant(results.started_at),
        planned=result.planned,
        accepted=result.accepted,
        rejected=result.rejected,
        undelivered=result.undelivered,
        still_rejected=result.still_rejected,
    )


FILE_NAME = "heap_report.html"
_MAX_REJECTS = 10_000  # reasons, over all syncs


@dataclass(frozen=True)
class _Past:
    """Earlier runs and rejects from the warehouse, by sync."""

    target: str = ""
    destinations: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, list[Run]] = field(default_factory=dict)
    rejects: Mapping[str, list[Reject]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


def gather(invocation: Invocation, *, runs: int, now: datetime) -> Report:
    """Return the report on the selected syncs, with at most `runs` runs of each. Never fails: see `Report.gaps`."""
    results, gaps = _results(invocation)
    past = _past(invocation, runs)
    target = past.target or invocation.settings.target or (results.target if results else "")
    if results and results.target != target:
        gaps = (*gaps, f"{RESULTS} is from target {results.target}, not from {target}, so it is ignored.")
        results = None
    reported = {each.name: results for each in results.syncs} if results else {}
    return Report(
        project=invocation.project.name or invocation.manifest.project_name,
        target=target,
        made_at=now,
        syncs=tuple(
            SyncFacts(
                sync=sync,
                destination=past.destinations.get(sync.name, ""),
                results=reported.get(sync.name),
                runs=tuple(past.runs.get(sync.name, ())),
                rejects=_rejects(past, reported.get(sync.name), sync.name),
            )
            for sync in invocation.selected
        ),
        gaps=(*gaps, *past.gaps),
    )


def _results(invocation: Invocation) -> tuple[Results | None, tuple[str, ...]]:
    try:
        results = read_results(invocation.target_path)
    except SettingsError as refusal:
        return None, (str(refusal),)
    if results:
        return results, ()
    return None, (
        f"{invocation.target_path / RESULTS} does not exist, so messages and changed properties are missing. "
        "Run `dbt-heap sync` to create it.",
    )


def _past(invocation: Invocation, limit: int) -> _Past:
    """Return earlier runs and rejects; if the warehouse cannot be reached, only the reason."""
    try:
        with open_state(invocation, reads_models=False) as store:
            labels = {each.name: invocation.known_label(each, store.target) for each in invocation.selected}
            known = {name: label for name, label in labels.items() if label}
            runs, rejects = defaultdict(list), defaultdict(list)
            for row in read_history(store, known, limit=limit).rows:
                runs[row["sync"]].append(_run(row))
            for row in read_rejects(store, known, keys=False, limit=_MAX_REJECTS).rows:
                rejects[row["sync"]].append(Reject(row["reason"], row["property"], int(row["row_count"])))
    except HeapError as refusal:  # the page is made from the rest
        return _Past(gaps=(f"The warehouse cannot be reached, so earlier runs are missing: {refusal}",))
    unknown = sorted(labels.keys() - known.keys())
    gap = f"No Environment ID for target {store.target}: {', '.join(unknown)}."
    return _Past(store.target, known, runs, rejects, (gap,) if unknown else ())


def _rejects(past: _Past, results: Results | None, name: str) -> tuple[Reject, ...]:
    """Return the current rejects from the warehouse; if it was not reached, those of the last run."""
    if past.target or not results:
        return tuple(past.rejects.get(name, ()))
    return tuple(Reject(reason, None, rows) for reason, rows in results[name].reasons.items())


def _run(row: Mapping[str, Any]) -> Run:
    counts = {
        name: int(row[name] or 0) for name in ("planned", "accepted", "rejected", "undelivered", "still_rejected")
    }
    return Run(row["run_id"], row["status"], _instant(row["started_at"]), **counts)


def _instant(text: str) -> datetime:
    """Return a time as text, to the second; 1970 if it cannot be read."""
    found = parse_instant(text)
    return found.replace(microsecond=0) if found else datetime.fromtimestamp(0, UTC)
