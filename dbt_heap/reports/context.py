"""The context of a command: which project and target it reads, and which Heap environments its rows belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from dbt_heap.errors import counted
from dbt_heap.project.instants import parse_instant
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True)
class Context:
    """Project, target, Heap environments and manifest of a command."""

    project: str
    target: str
    environments: tuple[tuple[str, str], ...]  # Environment ID and host of each, of the selected syncs
    manifest: str  # its path
    manifest_generated_at: str  # ISO 8601, UTC; empty if the manifest does not say
    manifest_age_seconds: int | None

    @classmethod
    def of(cls, invocation: Invocation, target: str, now: datetime | None = None) -> Context:
        """Return the context of an invocation under the target in use."""
        generated_at = invocation.manifest.generated_at
        found = {where for sync in invocation.selected if (where := _environment(invocation, sync, target))}
        return cls(
            project=invocation.project.name or invocation.manifest.project_name,
            target=target,
            environments=tuple(sorted(found)),
            manifest=str(invocation.manifest_path),
            manifest_generated_at=generated_at,
            manifest_age_seconds=_age(generated_at, now or datetime.now(UTC)),
        )

    def line(self) -> str:
        """Return the context as one line."""
        age = "" if self.manifest_age_seconds is None else f" ({_in_words(self.manifest_age_seconds)} old)"
        environments = [f"{app_id} at {host}" for app_id, host in self.environments]
        heap = f"Heap environment{'s' if len(environments) > 1 else ''} {', '.join(environments)}"
        parts = [
            self.project or "unnamed project",
            f"target {self.target}",
            heap if environments else "no Heap environment",
        ]
        return " · ".join([*parts, f"{self.manifest}{age}"])

    def fields(self) -> dict[str, Any]:
        """Return the context as fields of JSON output."""
        return {
            "project": self.project,
            "target": self.target,
            "heap_environments": [{"app_id": app_id, "host": host} for app_id, host in self.environments],
            "manifest": self.manifest,
            "manifest_generated_at": self.manifest_generated_at,
            "manifest_age_seconds": self.manifest_age_seconds,
        }


def _environment(invocation: Invocation, sync: Sync, target: str) -> tuple[str, str] | None:
    destination = invocation.known_destination(sync, target)
    if destination is None:
        return None
    parts = urlsplit(destination.base_url)
    return destination.app_id, parts.netloc + parts.path.rstrip("/")


def _age(generated_at: str, now: datetime) -> int | None:
    """Return the seconds since an instant, at least 0; None if the text is not a time."""
    then = parse_instant(generated_at)
    return max(0, round((now - then).total_seconds())) if then else None


def _in_words(seconds: int) -> str:
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    count = seconds // size
    return counted(count, unit)
