"""The artifacts of runs on disk: those of a run are there whole or not at all, whoever is killed or works beside."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import mkdtemp

from dbt_heap.cloud.steps import MANIFEST
from dbt_heap.gates import FILE_NAME as RESULTS

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
