"""From settings to a folder that holds manifest.json and run_results.json of the right run of dbt Cloud's."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from dbt_heap.cloud.access import Access, access_of
from dbt_heap.cloud.client import DbtCloud
from dbt_heap.cloud.steps import MANIFEST, Collected, collect
from dbt_heap.errors import CloudError, SettingsError
from dbt_heap.manifest.artifacts import text
from dbt_heap.settings import Settings

FOLDER = "dbt_cloud"
KEPT = 5  # runs whose artifacts stay, so that a schedule does not fill the disk
LEFT_SECONDS = 86_400.0  # after which what is unfinished is nobody's any more

SUCCESS, ERROR, CANCELLED = 10, 20, 30
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
    said: str  # its status for people
    finished_at: str
    steps: tuple[int, ...]  # by their index from 1 on; empty where the API tells none


def fetched(settings: Settings, target_path: Path) -> Fetched:
    """The artifacts that the settings ask for, in a folder below the target path. Raises SettingsError, CloudError."""
    access = access_of(settings)
    with DbtCloud(access) as cloud:
        return fetch(cloud, access, target_path / FOLDER)


def fetch(cloud: DbtCloud, access: Access, folder: Path) -> Fetched:
    """The artifacts of the first run, of those that may be meant, that built or tested something.

    Raises CloudError where none did, SettingsError where nothing can be written.
    """
    told: list[str] = []
    for run in _candidates(cloud, access):
        kept = folder / str(run.number)
        where = f"run {run.number} of dbt Cloud ({run.said})"
        try:
            collected = None if kept.is_dir() else _downloaded(cloud, run, kept)
        except OSError as refusal:
            raise SettingsError(f"the artifacts of {where} cannot be written to {kept}: {refusal.strerror}") from None
        if collected is None or collected.has_manifest:
            return Fetched(kept / MANIFEST, "; ".join([*told, f"sends by {where}"]))
        if collected.results:
            raise CloudError(_unfit(where, "left no manifest of the command that built", collected))
        told.append(_unfit(where, "built and tested nothing", collected))
    raise CloudError("\n".join(told))


def _candidates(cloud: DbtCloud, access: Access) -> Iterator[Run]:
    """The run that is asked for; else the job's latest, and behind it, where that failed, its latest good one.

    A failed run comes first because it may have built what its tests found wrong: the gates have to hear of it.
    """
    if access.run_id:
        yield _ended(_run(cloud.run(access.run_id)), access.job_id)
        return
    job_id = access.job_id or 0
    listed = [cloud.latest_run(job_id, status) for status in (SUCCESS, ERROR)]
    latest = sorted((_run(each) for each in listed if each), key=lambda run: (run.finished_at, run.number))
    if not latest:
        raise CloudError(
            f"job {job_id} of dbt Cloud has no run that ended well or failed: look at its id and the account's, and "
            "whether the token may read it"
        )
    for run in reversed(latest):
        yield _ended(_run(cloud.run(run.number)), job_id)
        if run.status == SUCCESS:
            return


def _ended(run: Run, job_id: int | None) -> Run:
    if run.status not in _ENDED:
        raise CloudError(f"run {run.number} of dbt Cloud has not ended yet ({run.said}): wait until it has")
    if job_id and run.job != job_id:
        raise CloudError(f"run {run.number} of dbt Cloud is not one of job {job_id}, but of job {run.job}")
    return run


def _run(content: Mapping[str, Any]) -> Run:
    status = _number(content, "status") or 0
    listed = content.get("run_steps")
    steps = [_number(each, "index") for each in listed] if isinstance(listed, list) else []
    number = _number(content, "id")
    if number is None:
        raise CloudError("dbt Cloud told of a run without an id; look at the host")
    return Run(
        number=number,
        job=_number(content, "job_definition_id"),
        status=status,
        said=text(content, "status_humanized") or f"status {status}",
        finished_at=text(content, "finished_at"),
        steps=tuple(step for step in steps if step),
    )


def _number(node: Any, key: str) -> int | None:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, int) else None


def _downloaded(cloud: DbtCloud, run: Run, kept: Path) -> Collected:
    """Downloads into a folder that takes its name once it is whole. Raises CloudError, OSError."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(mkdtemp(prefix=f".{run.number}.", dir=kept.parent))
    try:
        collected = collect(cloud, run.number, run.steps, unfinished)
        if collected.has_manifest:
            collected.write(unfinished)
            if not kept.is_dir():  # another process may have been faster
                unfinished.replace(kept)
            _tidy(kept)
        return collected
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tidy(kept: Path) -> None:
    """Removes what older runs left, but for the last few, and what a process that was killed left unfinished."""
    older = sorted((int(each.name) for each in kept.parent.iterdir() if each.name.isdecimal()), reverse=True)
    for number in older[KEPT:]:
        if str(number) != kept.name:
            shutil.rmtree(kept.parent / str(number), ignore_errors=True)
    for unfinished in kept.parent.glob(".*"):
        if unfinished.stat().st_mtime < time.time() - LEFT_SECONDS:
            shutil.rmtree(unfinished, ignore_errors=True)


def _unfit(where: str, why: str, collected: Collected) -> str:
    return f"{where} {why} ({'; '.join(collected.told)})"
