"""The project's YAML files that were written after the manifest: what they declare has no effect yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dbt_heap.project.variables import FILE_NAME

# https://docs.getdbt.com/reference/project-configs/model-paths and its neighbors
_PATHS = {"model-paths": "models", "seed-paths": "seeds", "snapshot-paths": "snapshots"}


def newer_files(project_dir: Path, raw: Mapping[str, Any], generated_at: str) -> list[str]:
    """Return the project's YAML files that mention Heap and are newer than an instant, relative to the project.

    `raw` is dbt_project.yml. Empty if the instant cannot be read.
    """
    try:
        instant = datetime.fromisoformat(generated_at.replace("Z", "+00:00"))
    except ValueError:
        return []
    seconds = (instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)).timestamp()
    return sorted(
        file.relative_to(project_dir).as_posix() for file in _files(project_dir, raw) if _is_newer(file, seconds)
    )


def _files(project_dir: Path, raw: Mapping[str, Any]) -> Iterator[Path]:
    if any("heap" in str(raw.get(key, "")) for key in ("models", "seeds", "snapshots", "sources")):
        yield project_dir / FILE_NAME
    for key, default in _PATHS.items():
        folders = raw.get(key)
        for folder in folders if isinstance(folders, list) else [default]:
            if isinstance(folder, str) and "{" not in folder:
                yield from (each for each in (project_dir / folder).rglob("*.y*ml"))


def _is_newer(file: Path, seconds: float) -> bool:
    try:
        return file.stat().st_mtime > seconds and b"heap" in file.read_bytes()
    except OSError:
        return False
