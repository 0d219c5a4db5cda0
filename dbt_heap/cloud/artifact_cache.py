"""Which steps of a run built or tested something, and what they left behind.

A run's default artifacts are its last step's, which may be those of `dbt docs generate`:
https://github.com/kestra-io/plugin-dbt/issues/335. So each step is asked, from the last one back.
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


@dataclass
class Collected:
    """What the steps of a run left behind, as far as they built or tested something."""

    head: dict[str, Any] = field(default_factory=dict)  # run_results.json of the last of them, but for its results
    results: dict[str, Any] = field(default_factory=dict)  # by unique id: of several, the last one's
    has_manifest: bool = False  # that of the last step whose manifest.json is of the command that left its results
    told: list[str] = field(default_factory=list)  # what was found in each step, for people

    def write(self, folder: Path, target: str) -> None:
        """Write run_results.json beside the manifest, with the job's target if the command named none. Raises OSError.

        dbt itself notes a target only if a flag or a variable gave it, and the platform writes it into a profile.
        """
        args = {**({"target": target} if target else {}), **mapping(self.head, "args")}
        content = {**self.head, "args": args, "results": list(self.results.values())}
        (folder / RESULTS).write_text(json.dumps(content))


def collect(cloud: DbtCloud, run_id: int, steps: Sequence[int], folder: Path) -> Collected:
    """Asks every step, and leaves the manifest in the folder. Raises CloudError, OSError.

    Results of all steps are taken together, so that a gate hears of `dbt run` and of the `dbt test` behind it.
    """
    collected = Collected()
    backwards: list[int | None] = [*sorted(steps, reverse=True)] or [None]
    for step in backwards:
        content = cloud.artifact(run_id, step, RESULTS, folder / RESULTS)
        found = _taken(collected, content, f"run {run_id}, step {step}")
        if found and text(mapping(content, "args"), "which") in BUILDING and not collected.has_manifest:
            found += _manifest(cloud, run_id, step, content, folder, collected)
        collected.told.append(f"{f'step {step}' if step else 'the last step'}: {found or f'no {RESULTS}'}")
    return collected


def _taken(collected: Collected, content: Any, where: str) -> str:
    """Takes in a step's results, and says what they are of; nothing where there are none."""
    if content is None:
        return ""
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise CloudError(f"dbt Cloud: {RESULTS} of {where} tells no results, so that nobody knows how its build ended")
    which = text(mapping(content, "args"), "which")
    if which in BUILDING:
        collected.head = collected.head or {key: value for key, value in content.items() if key != "results"}
        for each in results:
            collected.results.setdefault(text(each, "unique_id"), each)
    return f"results of `dbt {which}`"


def _manifest(cloud: DbtCloud, run_id: int, step: int | None, results: Any, folder: Path, collected: Collected) -> str:
    """Keeps the step's manifest if it is of the command that left the results, else says what it is."""
    manifest = cloud.artifact(run_id, step, MANIFEST, folder / MANIFEST)
    if manifest is None:
        return f", no {MANIFEST}"
    written_by, built_by = (text(mapping(each, "metadata"), "invocation_id") for each in (manifest, results))
    if not written_by or written_by != built_by:
        (folder / MANIFEST).unlink()
        return f", {MANIFEST} of another command"
    collected.has_manifest = True
    return f" and its {MANIFEST}"


KEPT = 5  # runs whose artifacts stay, so that a schedule does not fill the disk
LEFT_SECONDS = 86_400.0  # after which what is unfinished is nobody's any more


def is_whole(kept: Path) -> bool:
    """Whether a run's artifacts are all there: without results the gates would be open."""
    return (kept / MANIFEST).is_file() and (kept / RESULTS).is_file()


@contextmanager
def unfinished(kept: Path) -> Iterator[Path]:
    """A folder to write a run's artifacts to; what is not shelved of it is gone behind. Raises OSError."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=f".{kept.name}.", dir=kept.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def shelve(folder: Path, kept: Path) -> None:
    """Gives a folder that is whole its name, and tidies. Raises OSError."""
    if not is_whole(kept):  # another process may have been faster
        _remove(kept)
        folder.replace(kept)
    _tidy(kept)


def _tidy(kept: Path) -> None:
    """Removes what older runs left, but for the last few, and what a process that was killed left unfinished."""
    older = sorted((int(each.name) for each in kept.parent.iterdir() if each.name.isdecimal()), reverse=True)
    for number in older[KEPT:]:
        if str(number) != kept.name:
            _remove(kept.parent / str(number))
    for left in kept.parent.glob(".*"):
        with suppress(FileNotFoundError):  # another process tidies too, or has finished
            if left.stat().st_mtime < time.time() - LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Takes a folder's name from it first, so that nobody finds half of it."""
    gone = folder.with_name(f".{folder.name}.{token_hex(4)}")
    with suppress(FileNotFoundError):
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
