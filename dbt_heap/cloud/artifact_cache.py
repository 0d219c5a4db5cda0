"""Collect the artifacts of a run from its steps, and keep those of the latest runs on disk.

By default the dbt platform returns the artifacts of a run's last step, which may be `dbt docs generate`
(https://github.com/kestra-io/plugin-dbt/issues/335). So every step is requested, starting with the last.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp
from typing import Any

from dbt_heap.cloud.api import DbtCloud
from dbt_heap.errors import CloudError
from dbt_heap.project.artifacts import mapping, text
from dbt_heap.project.run_results import FILE_NAME as RESULTS
from dbt_heap.project.statuses import BUILDING

MANIFEST = "manifest.json"
KEPT_RUNS = 5
ABANDONED_SECONDS = 86_400.0  # a download older than this belongs to a process that was killed


@dataclass
class RunArtifacts:
    """The artifacts of the steps that built or tested something."""

    header: dict[str, Any] = field(default_factory=dict)  # run_results.json of the last such step, without its results
    results: dict[str, Any] = field(default_factory=dict)  # by unique ID; the last step that has one wins
    has_manifest: bool = False  # from the last such step whose two artifacts are of the same invocation
    steps: list[str] = field(default_factory=list)  # what each step has, for messages

    def write_results(self, folder: Path, target: str) -> None:
        """Write the merged run_results.json. Raises OSError.

        dbt records a target only if a flag or a variable named it. The platform writes it into a profile instead, so
        the job's target is the default.
        """
        args = {**({"target": target} if target else {}), **mapping(self.header, "args")}
        content = {**self.header, "args": args, "results": list(self.results.values())}
        (folder / RESULTS).write_text(json.dumps(content))


def collect(cloud: DbtCloud, run_id: int, steps: Sequence[int], folder: Path) -> RunArtifacts:
    """Download the artifacts of all steps; leave the manifest in the folder. Raises CloudError and OSError.

    The results of all steps are merged, so the gate sees both `dbt run` and a later `dbt test`.
    """
    artifacts = RunArtifacts()
    backwards: list[int | None] = [*sorted(steps, reverse=True)] or [None]
    for step in backwards:
        content = cloud.artifact(run_id, step, RESULTS, folder / RESULTS)
        found = _add_results(artifacts, content, f"run {run_id}, step {step}")
        if found and text(mapping(content, "args"), "which") in BUILDING and not artifacts.has_manifest:
            found += _add_manifest(artifacts, cloud, run_id, step, content, folder)
        artifacts.steps.append(f"{f'step {step}' if step else 'the last step'}: {found or f'no {RESULTS}'}")
    return artifacts


def _add_results(artifacts: RunArtifacts, content: Any, where: str) -> str:
    """Add a step's results, and return what they are for messages; an empty text if there are none."""
    if content is None:
        return ""
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise CloudError(
            f"dbt platform: {RESULTS} of {where} contains no results, so it is unknown which models and tests failed"
        )
    which = text(mapping(content, "args"), "which")
    if which in BUILDING:
        artifacts.header = artifacts.header or {key: value for key, value in content.items() if key != "results"}
        for each in results:
            artifacts.results.setdefault(text(each, "unique_id"), each)
    return f"results of `dbt {which}`"


def _add_manifest(
    artifacts: RunArtifacts, cloud: DbtCloud, run_id: int, step: int | None, results: Any, folder: Path
) -> str:
    """Keep the step's manifest if the command that wrote it also wrote the results. Return what it is for messages."""
    manifest = cloud.artifact(run_id, step, MANIFEST, folder / MANIFEST)
    if manifest is None:
        return f", no {MANIFEST}"
    manifest_of, results_of = (text(mapping(each, "metadata"), "invocation_id") for each in (manifest, results))
    if not manifest_of or manifest_of != results_of:
        (folder / MANIFEST).unlink()
        return f", {MANIFEST} of another command"
    artifacts.has_manifest = True
    return f" and its {MANIFEST}"


def is_complete(cached: Path) -> bool:
    """Return whether both artifacts of a run are on disk. Without the results, no failed model would be blocked."""
    return (cached / MANIFEST).is_file() and (cached / RESULTS).is_file()


@contextmanager
def download_folder(cached: Path) -> Iterator[Path]:
    """Yield a temporary folder next to a run's folder, and remove it afterwards unless `store` moved it.

    Raises OSError.
    """
    cached.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{cached.name}.", dir=cached.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def store(folder: Path, cached: Path) -> None:
    """Move a complete folder to its final name, and remove what is too old. Raises OSError."""
    if not is_complete(cached):  # another process may have been faster
        _remove(cached)
        folder.replace(cached)
    _remove_old(cached)


def _remove_old(cached: Path) -> None:
    runs = sorted((int(each.name) for each in cached.parent.iterdir() if each.name.isdecimal()), reverse=True)
    for number in runs[KEPT_RUNS:]:
        if str(number) != cached.name:
            _remove(cached.parent / str(number))
    for folder in cached.parent.glob(".*"):
        with suppress(FileNotFoundError):  # another process removes or renames it
            if folder.stat().st_mtime < time.time() - ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Rename a folder before removing it, so no other process finds half of it."""
    hidden = folder.with_name(f".{folder.name}.{token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)
