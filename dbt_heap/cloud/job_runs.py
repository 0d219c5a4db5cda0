"""From settings to a folder that holds manifest.json and run_results.json of the right run of dbt Cloud's."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt_heap.cloud.api import DbtCloud
from dbt_heap.cloud.artifact_cache import MANIFEST, Collected, collect, is_whole, shelve, unfinished
from dbt_heap.cloud.credentials import Access, access_of
from dbt_heap.errors import CloudError, SettingsError
from dbt_heap.project.artifacts import mapping, text
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.settings import Settings

_log = logging.getLogger(__name__)

FOLDER = "dbt_cloud"
LOOK_BACK = 20  # runs of a job, at most
LOOKS, LOOK_SECONDS = 12, 5.0  # at a run whose artifacts are still being saved: a minute
LATE_SECONDS = 900.0  # after which what a run has not saved does not come any more
SHOWN = 3

SUCCESS, ERROR, CANCELLED = 10, 20, 30
_SAID = {1: "Queued", 2: "Starting", 3: "Running", SUCCESS: "Success", ERROR: "Error", CANCELLED: "Cancelled"}
_ENDED = frozenset({SUCCESS, ERROR, CANCELLED})


@dataclass(frozen=True)
class Fetched:
    """Where the artifacts of a run are, and what to say of it."""

    manifest: Path
    note: str


@dataclass(frozen=True)
class Run:
    """A run as the API tells of it, as far as it matters here."""

    number: int
    job: int | None
    status: int
    finished_at: str
    saved: bool  # whether all artifacts are there; an API that does not say so is taken to have them
    steps: tuple[int, ...]  # by their index from 1 on; empty where the API tells none
    target: str  # the name that the job gives to its target; empty where the API tells none

    def __str__(self) -> str:
        return f"run {self.number} of dbt Cloud ({_SAID.get(self.status, f'status {self.status}')})"

    def seconds_ago(self, now: float) -> float:
        """How long ago it ended; none where that is not told."""
        finished_at = parse_instant(self.finished_at)
        return now - finished_at.timestamp() if finished_at else 0.0


def fetched(settings: Settings, target_path: Path) -> Fetched:
    """The artifacts that the settings ask for, in a folder below the target path. Raises SettingsError, CloudError."""
    access = access_of(settings)
    with DbtCloud(access) as cloud:
        return fetch(cloud, access, target_path / FOLDER)


def fetch(
    cloud: DbtCloud,
    access: Access,
    folder: Path,
    *,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.time,
) -> Fetched:
    """The artifacts of the first run, of those that may be meant, that built or tested something.

    Raises CloudError where none did, or where they are not all there yet; SettingsError where nothing can be written.
    """
    told: list[str] = []
    for run in _candidates(cloud, access):
        kept = folder / str(run.number)
        collected = None if is_whole(kept) else _collected(cloud, run, kept, sleep, clock)
        if collected is None or collected.has_manifest:
            return Fetched(kept / MANIFEST, "; ".join([*_shortened(told), f"sends by {run}"]))
        if collected.results:
            raise CloudError(_unfit(run, "left no manifest of the command that built", collected))
        told.append(_unfit(run, "built and tested nothing", collected))
    raise CloudError("\n".join(_shortened(told)))


def _candidates(cloud: DbtCloud, access: Access) -> Iterator[Run]:
    """The run that is asked for; else those of the job that ended well or failed, from the latest one back.

    A failed run counts because it may have built what its tests found wrong: the gates have to hear of it.
    """
    if access.run_id is not None:
        yield _ended(_run(cloud.run(access.run_id)), access.job_id)
        return
    if access.job_id is None:
        raise SettingsError("--dbt-cloud needs a job or a run")
    listed = [run for status in (SUCCESS, ERROR) for run in cloud.latest_runs(access.job_id, status, LOOK_BACK)]
    latest = sorted(map(_run, listed), key=lambda run: (run.finished_at, run.number), reverse=True)
    if not latest:
        raise CloudError(
            f"job {access.job_id} of dbt Cloud has no run that ended well or failed: look at its id and the account's, "
            "and whether the token may read it"
        )
    for run in latest[:LOOK_BACK]:
        yield _ended(_run(cloud.run(run.number)), access.job_id)


def _ended(run: Run, job_id: int | None) -> Run:
    if run.status not in _ENDED:
        raise CloudError(f"{run} has not ended yet: wait until it has")
    if job_id is not None and run.job != job_id:
        raise CloudError(f"run {run.number} of dbt Cloud is not one of job {job_id}, but of job {run.job}")
    return run


def _run(content: Mapping[str, Any]) -> Run:
    listed = content.get("run_steps")
    steps = [_number(each, "index") for each in listed] if isinstance(listed, list) else []
    number = _number(content, "id")
    if number is None:
        raise CloudError("dbt Cloud told of a run without an id; look at the host")
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


def _collected(
    cloud: DbtCloud, run: Run, kept: Path, sleep: Callable[[float], object], clock: Callable[[], float]
) -> Collected:
    """What the run left behind, shelved if it is of use. Raises CloudError, SettingsError."""
    # A run may have ended whose artifacts are still being saved: https://github.com/kestra-io/plugin-dbt/issues/275
    for _ in range(LOOKS):
        if run.saved or run.seconds_ago(clock()) > LATE_SECONDS:
            break
        _log.warning("run %d: its artifacts are being saved; looking again in %.0f s", run.number, LOOK_SECONDS)
        sleep(LOOK_SECONDS)
        run = _run(cloud.run(run.number))
    try:
        with unfinished(kept) as folder:
            collected = collect(cloud, run.number, run.steps, folder)
            # One that failed before it ran dbt has nothing to save: it is passed over, once nothing can come any more.
            if not run.saved and (collected.results or run.seconds_ago(clock()) <= LATE_SECONDS):
                raise CloudError(
                    f"{run}: its artifacts are not all there yet, and the rest may tell what failed: try again later"
                )
            if collected.has_manifest:
                collected.write(folder, run.target)
                shelve(folder, kept)
            return collected
    except OSError as refusal:
        raise SettingsError(
            f"the artifacts of {run} cannot be written to {kept}: {refusal.strerror}. Nothing was sent. "
            "Set --target-path to a folder that can be written"
        ) from None


def _shortened(told: list[str]) -> list[str]:
    return [*told[:SHOWN], *([f"and so did {len(told) - SHOWN} runs before"] if len(told) > SHOWN else [])]


def _unfit(run: Run, why: str, collected: Collected) -> str:
    return f"{run} {why} ({'; '.join(collected.told)})"
