"""What `run_results.json` tells of the last dbt command: whether a model was built and its tests passed.

Statuses: https://docs.getdbt.com/reference/artifacts/run-results-json
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_heap.manifest import Manifest
from dbt_heap.manifest.artifacts import mapping, parse, text

FILE_NAME = "run_results.json"
BUILDING = frozenset({"build", "run", "seed", "snapshot", "test", "retry"})  # commands that build or test
_FAILED = {
    "error": "its last build failed",
    "runtime error": "its last build failed",
    "partial success": "its last build failed in part",
    "skipped": "its last build was skipped",
}
_TEST_FAILED = frozenset({"fail", "error", "runtime error"})
_SHOWN = 3


@dataclass(frozen=True)
class Gates:
    """Why models may not be synced, by unique id; `shut` is why none may."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    shut: str = ""
    warnings: tuple[str, ...] = ()

    def why(self, unique_id: str) -> str:
        """Why a model's rows may not go; empty where they may."""
        return self.shut or self.reasons.get(unique_id, "")


def read_gates(path: Path, manifest: Manifest, *, needed: bool = False) -> Gates:
    """What the run results at `path` tell of the manifest's models; where there are none, nothing unless `needed`."""
    try:
        content = parse(path.read_bytes())
    except FileNotFoundError:
        return Gates(shut=f"{path} is gone, so that nobody knows how its last build ended" if needed else "")
    except (OSError, ValueError, RecursionError):
        return Gates(shut=f"{path} cannot be read, so that nobody knows how its last build ended")
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        return Gates(shut=f"{path} tells no results, so that nobody knows how its last build ended")
    if text(mapping(content, "args"), "which") not in BUILDING:
        return Gates()
    reasons = _reasons(_statuses(results), manifest)
    return Gates(dict(reasons), warnings=tuple(_stale(path, content, manifest)))


def _statuses(results: Iterable[Any]) -> dict[str, str]:
    return {text(each, "unique_id"): text(each, "status").lower() for each in results}


def _reasons(statuses: Mapping[str, str], manifest: Manifest) -> Iterator[tuple[str, str]]:
    failed: dict[str, list[str]] = defaultdict(list)
    for test in manifest.tests:
        if statuses.get(test.unique_id) in _TEST_FAILED:
            for unique_id in test.models:
                failed[unique_id].append(test.name)
    for model in manifest.models:
        if reason := _FAILED.get(statuses.get(model.unique_id, "")):
            yield model.unique_id, reason
        elif names := failed.get(model.unique_id):
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield model.unique_id, f"a test of its model failed: {', '.join(names[:_SHOWN])}{more}"


def _stale(path: Path, content: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    """What there is to say where the two files are not of one invocation."""
    metadata = mapping(content, "metadata")
    if text(metadata, "invocation_id") in ("", manifest.invocation_id) or not manifest.invocation_id:
        return
    built = text(metadata, "generated_at")
    if manifest.generated_at < built:
        yield f"{path}: manifest.json is older than the last build ({built}): is it another one's? Run `dbt parse`"
    else:
        yield f"{path}: manifest.json was written after the last build ({built}), and may say what is not built yet"
