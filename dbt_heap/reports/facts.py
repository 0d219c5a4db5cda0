"""What the page is made from: what is declared, what ran, and what stands rejected."""

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
from dbt_heap.project.artifacts import load_manifest
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.lineage import Lineage, lineage
from dbt_heap.state.history import read_history, read_rejects
from dbt_heap.state.open import open_state
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync

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
    still_rejected: int = 0

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
        started_at=_instant(results.started_at),
        planned=result.planned,
        accepted=result.accepted,
        rejected=result.rejected,
        undelivered=result.undelivered,
        still_rejected=result.still_rejected,
    )


FILE_NAME = "heap_report.html"
_MAX_REJECTS = 10_000  # kinds of them, over all syncs


@dataclass(frozen=True)
class _Past:
    """What the warehouse tells, by sync."""

    target: str = ""
    destinations: Mapping[str, str] = field(default_factory=dict)
    runs: Mapping[str, list[Run]] = field(default_factory=dict)
    rejects: Mapping[str, list[Reject]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


def gather(invocation: Invocation, *, runs: int, now: datetime) -> Report:
    """The report on the selected syncs, with at most so many runs of each. Raises ManifestError alone."""
    results, gaps = _results(invocation)
    past = _past(invocation, runs)
    target = past.target or invocation.settings.target or (results.target if results else "")
    if results and results.target != target:
        gaps = (*gaps, f"{RESULTS} is of the target {results.target}, and this page of {target}: it is left out.")
        results = None
    content = load_manifest(invocation.manifest_path)
    reported = {each.name: results for each in results.syncs} if results else {}
    return Report(
        project=invocation.project.name or invocation.manifest.project_name,
        target=target,
        made_at=now,
        syncs=tuple(
            SyncFacts(
                sync=sync,
                destination=past.destinations.get(sync.name, ""),
                lineage=lineage(content, sync.model.unique_id),
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
        f"There is no {invocation.target_path / RESULTS}, which tells what changed and how to go on: "
        "`dbt-heap sync` writes it.",
    )


def _past(invocation: Invocation, limit: int) -> _Past:
    """What the warehouse tells; where it cannot be asked, that alone."""
    try:
        with open_state(invocation, reads_models=False) as store:
            labels = {each.name: invocation.known_destination(each, store.target)[1] for each in invocation.selected}
            known = {name: label for name, label in labels.items() if label}
            runs, rejects = defaultdict(list), defaultdict(list)
            for row in read_history(store, known, limit=limit).rows:
                runs[row["sync"]].append(_run(row))
            for row in read_rejects(store, known, keys=False, limit=_MAX_REJECTS).rows:
                rejects[row["sync"]].append(Reject(row["reason"], row["property"], int(row["row_count"])))
    except HeapError as refusal:  # the page is made from the rest
        return _Past(gaps=(f"The warehouse cannot be asked, so that earlier runs are missing: {refusal}",))
    homeless = sorted(labels.keys() - known.keys())
    gap = f"No Environment ID is known under the target {store.target} for: {', '.join(homeless)}."
    return _Past(store.target, known, runs, rejects, (gap,) if homeless else ())


def _rejects(past: _Past, results: Results | None, name: str) -> tuple[Reject, ...]:
    """Those that stand by the warehouse; where it was not asked, those of the last run."""
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
