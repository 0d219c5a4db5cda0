"""The target that dbt's run_results.json names: https://docs.getdbt.com/reference/artifacts/run-results-json."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from dbt_heap.manifest.artifacts import mapping, text

# Commands after which the rows in the warehouse are those of their target.
_BUILDING = frozenset({"build", "run", "seed", "snapshot", "retry", "clone"})


@dataclass(frozen=True)
class NamedTarget:
    """What dbt's last results say of their target."""

    name: str | None = None
    by_default: bool = False  # neither a flag nor a variable named one, so the profile's default counted


class _Head(msgspec.Struct):
    """The file without its results, which may be many megabytes."""

    metadata: dict[str, Any] = {}
    args: dict[str, Any] = {}


def named_target(run_results: Path, invocation_id: str) -> NamedTarget:
    """Return the target of the results at a path; none if they tell nothing of the manifest of that invocation.

    What is wrong with the file is reported where its results are read.
    """
    try:
        head = msgspec.json.decode(run_results.read_bytes(), type=_Head)
    except (OSError, msgspec.DecodeError, RecursionError):
        return NamedTarget()
    content = {"args": head.args, "metadata": head.metadata}
    args = mapping(content, "args")
    same = text(head.metadata, "invocation_id") == invocation_id != ""
    if not same and text(args, "which") not in _BUILDING:
        return NamedTarget()
    # dbt 1 notes all flags, and the target only if it was given; dbt 2 notes fewer.
    of_dbt_1 = text(head.metadata, "dbt_version").startswith(("0.", "1."))
    name = text(args, "target") or None
    return NamedTarget(name, by_default=not name and of_dbt_1 and bool(args) and not text(args, "profile"))
