"""From an invocation to the report: the last results, the warehouse's log, the graph. What cannot be had is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from dbt_heap.errors import HeapError, SettingsError
from dbt_heap.invocation import Invocation
from dbt_heap.ledger.history import read_history, read_rejects
from dbt_heap.manifest import lineage, load_manifest
from dbt_heap.opening import open_ledger
from dbt_heap.report.facts import Reject, Report, Run, SyncFacts
from dbt_heap.results import FILE_NAME as RESULTS
from dbt_heap.results import Results, read_results

FILE_NAME = "heap_report.html"
_MAX_REJECTS = 10_000  # kinds of them, over all syncs
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


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
        with open_ledger(invocation, reads_models=False) as ledger:
            labels = {each.name: invocation.known_destination(each, ledger.target)[1] for each in invocation.selected}
            known = {name: label for name, label in labels.items() if label}
            runs, rejects = defaultdict(list), defaultdict(list)
            for row in read_history(ledger.state, known, limit=limit).rows:
                runs[row["sync"]].append(_run(row))
            for row in read_rejects(ledger.state, known, keys=False, limit=_MAX_REJECTS).rows:
                rejects[row["sync"]].append(Reject(row["reason"], row["property"], int(row["row_count"])))
    except HeapError as refusal:  # the page is made from the rest
        return _Past(gaps=(f"The warehouse cannot be asked, so that earlier runs are missing: {refusal}",))
    homeless = sorted(labels.keys() - known.keys())
    gap = f"No Environment ID is known under the target {ledger.target} for: {', '.join(homeless)}."
    return _Past(ledger.target, known, runs, rejects, (gap,) if homeless else ())


def _rejects(past: _Past, results: Results | None, name: str) -> tuple[Reject, ...]:
    """Those that stand by the warehouse; where it was not asked, those of the last run."""
    if past.target or not results:
        return tuple(past.rejects.get(name, ()))
    return tuple(Reject(reason, None, rows) for reason, rows in results[name].reasons.items())


def _run(row: Mapping[str, Any]) -> Run:
    counts = {name: int(row[name] or 0) for name in ("planned", "accepted", "rejected", "undelivered", "standing")}
    return Run(row["run_id"], row["status"], _instant(row["started_at"]), **counts)


def _instant(text: str) -> datetime:
    """What a warehouse wrote of its clock, which is in UTC, to the second; each has another form for the rest."""
    found = _INSTANT.match(text)
    return datetime.fromisoformat("T".join(found.groups()) if found else "1970-01-01").replace(tzinfo=timezone.utc)
