"""Choose a run of the dbt platform, and download its manifest.json and run_results.json."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt_heap.cloud.api import DbtCloud
from dbt_heap.cloud.artifact_cache import MANIFEST, RunArtifacts, collect, download_folder, is_complete, store
from dbt_heap.cloud.credentials import Credentials, credentials_of
from dbt_heap.errors import CloudError, SettingsError, counted
from dbt_heap.project.artifacts import mapping, text
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.settings import Settings

FOLDER = "dbt_cloud"
MAX_RUNS = 20  # of a job, examined from the latest back
POLLS, POLL_SECONDS = 12, 5.0  # of a run whose artifacts are being saved: one minute
SAVED_WITHIN_SECONDS = 900.0  # after this, a run saves no more artifacts
MAX_NOTES = 3

SUCCESS, ERROR, CANCELLED = 10, 20, 30
_STATUSES = {1: "Queued", 2: "Starting", 3: "Running", SUCCESS: "Success", ERROR: "Error", CANCELLED: "Cancelled"}
_ENDED = frozenset({SUCCESS, ERROR, CANCELLED})
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Download:
    """The artifacts of a run on disk, and a note that says which run it is."""

    manifest: Path
    note: str


@dataclass(frozen=True)
class Run:
    """A run as the API describes it."""

    number: int
    job: int | None
    status: int
    finished_at: str
    saved: bool  # whether all artifacts are saved; True if the API does not say
    steps: tuple[int, ...]  # their indexes, from 1; empty if the API does not say
    target: str  # the target name of the job; empty if the API does not say

    def __str__(self) -> str:
        return f"dbt platform run {self.number} ({_STATUSES.get(self.status, f'status {self.status}')})"

    def seconds_ago(self, now: float) -> float:
        """Return how long ago the run ended; 0.0 if that is unknown."""
        finished_at = parse_instant(self.finished_at)
        return now - finished_at.timestamp() if finished_at else 0.0


def download(settings: Settings, target_path: Path) -> Download:
    """Download the artifacts that the settings name to a folder in the target path.

    Raises SettingsError and CloudError.
    """
    credentials = credentials_of(settings)
    with DbtCloud(credentials) as cloud:
        return download_run(cloud, credentials, target_path / FOLDER)


def download_run(
    cloud: DbtCloud,
    credentials: Credentials,
    folder: Path,
    *,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> Download:
    """Download the artifacts of the latest matching run that built or tested something.

    Raises CloudError if there is none or if its artifacts are incomplete, SettingsError if the folder is not writable.
    """
    notes: list[str] = []
    for run in _candidates(cloud, credentials):
        cached = folder / str(run.number)
        artifacts = None if is_complete(cached) else _collect(cloud, run, cached, sleep, clock)
        if artifacts is None or artifacts.has_manifest:
            return Download(cached / MANIFEST, "; ".join([*_shortened(notes), f"using {run}"]))
        steps = "; ".join(artifacts.steps)
        if artifacts.results:
            raise CloudError(f"{run} has no manifest of the command that built its models ({steps})")
        notes.append(f"{run} built and tested nothing ({steps})")
    raise CloudError("\n".join(_shortened(notes)))


def _candidates(cloud: DbtCloud, credentials: Credentials) -> Iterator[Run]:
    """Yield the named run; otherwise the job's runs that succeeded or failed, from the latest back.

    A failed run counts because it may have built models whose tests then failed: these must be blocked.
    """
    if credentials.run_id is not None:
        yield _ended(_parse_run(cloud.run(credentials.run_id)), credentials.job_id)
        return
    if credentials.job_id is None:
        raise SettingsError("--dbt-cloud needs a job or a run")
    listed = [run for status in (SUCCESS, ERROR) for run in cloud.latest_runs(credentials.job_id, status, MAX_RUNS)]
    latest = sorted(map(_parse_run, listed), key=lambda run: (run.finished_at, run.number), reverse=True)
    if not latest:
        raise CloudError(
            f"job {credentials.job_id} of the dbt platform has no run that succeeded or failed. Check the job's ID and "
            "the account's ID, and that the token can read the job"
        )
    for run in latest[:MAX_RUNS]:
        yield _ended(_parse_run(cloud.run(run.number)), credentials.job_id)


def _ended(run: Run, job_id: int | None) -> Run:
    """Return the run. Raises CloudError if it is in progress, or of another job."""
    if run.status not in _ENDED:
        raise CloudError(f"{run} is still in progress. Try again when it has ended")
    if job_id is not None and run.job != job_id:
        raise CloudError(f"dbt platform run {run.number} belongs to job {run.job}, not to job {job_id}")
    return run


def _parse_run(content: Mapping[str, Any]) -> Run:
    listed = content.get("run_steps")
    steps = [_number(each, "index") for each in listed] if isinstance(listed, list) else []
    number = _number(content, "id")
    if number is None:
        raise CloudError("the dbt platform returned a run without an ID. Check the host")
    return Run(
        number=number,
        job=_number(content, "job_definition_id"),
        status=_number(content, "status") or 0,
        finished_at=text(content, "finished_at"),
        saved=content.get("artifacts_saved") is not False,
        steps=tuple(step for step in steps if step),
        target=text(mapping(mapping(content, "job"), "settings"), "target_name"),
    )


def _number(node: Any, key: str) -> int | None:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, int) else None


def _collect(
    cloud: DbtCloud, run: Run, cached: Path, sleep: Callable[[float], object], clock: Callable[[], float]
) -> RunArtifacts:
    """Download a run's artifacts, and store them if they are usable. Raises CloudError and SettingsError."""
    # A run may end while its artifacts are still being saved: https://github.com/kestra-io/plugin-dbt/issues/275
    for _ in range(POLLS):
        if run.saved or run.seconds_ago(clock()) > SAVED_WITHIN_SECONDS:
            break
        _log.warning("%s is still saving its artifacts; checking again in %.0f s", run, POLL_SECONDS)
        sleep(POLL_SECONDS)
        run = _parse_run(cloud.run(run.number))
    try:
        with download_folder(cached) as folder:
            artifacts = collect(cloud, run.number, run.steps, folder)
            # A run that failed before it ran dbt never saves anything, so it is skipped once it is old enough.
            if not run.saved and (artifacts.results or run.seconds_ago(clock()) <= SAVED_WITHIN_SECONDS):
                raise CloudError(
                    f"{run}: some of its artifacts are not saved yet, and they may contain failures. Try again later"
                )
            if artifacts.has_manifest:
                artifacts.write_results(folder, run.target)
                store(folder, cached)
            return artifacts
    except OSError as error:
        raise SettingsError(
            f"cannot write the artifacts of {run} to {cached}: {error.strerror}. Nothing was sent. "
            "Set --target-path to a writable folder"
        ) from None


def _shortened(notes: list[str]) -> list[str]:
    more = len(notes) - MAX_NOTES
    return [*notes[:MAX_NOTES], *([f"the same is true of {counted(more, 'earlier run')}"] if more > 0 else [])]
