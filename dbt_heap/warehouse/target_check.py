"""Check that the manifest was built under the active target: otherwise rows go to the wrong Heap environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dbt_heap.errors import TargetError
from dbt_heap.project.nodes import Manifest
from dbt_heap.project.run_results import FILE_NAME, NamedTarget, named_target
from dbt_heap.project.validation import quoted
from dbt_heap.warehouse.targets import Built, OtherTarget, Targets


@dataclass(frozen=True)
class ReadManifest:
    """A manifest, and the target that dbt's results next to it name."""

    path: Path
    manifest: Manifest
    named: NamedTarget

    @classmethod
    def at(cls, path: Path, manifest: Manifest) -> ReadManifest:
        """Return the manifest with the results next to it."""
        return cls(path, manifest, named_target(path.parent / FILE_NAME, manifest.invocation_id))


def raise_if_other_target(read: ReadManifest, targets: Targets, environments: Callable[[str], str]) -> None:
    """Raise TargetError if a manifest was built under another target than the active one.

    The error names both targets and their Heap environments, which `environments` returns for a target.
    """
    manifest, named = read.manifest, read.named
    built = Built(manifest.adapter_type, manifest.placed, named.name, named.by_default)
    if other := targets.other_than_active(built):
        raise TargetError(_refusal(read.path, targets.active, other, environments))


def _refusal(file: Path, active: str, other: OtherTarget, environments: Callable[[str], str]) -> str:
    here = f"{quoted(active)} ({environments(active)})"
    evidence = f" It has {other.node} in {other.there}; under {active}, dbt puts it in {other.expected}."
    evidence = evidence if other.node else ""
    if other.target is None:
        return (
            f"{file} was not built under the active target {here}, nor under any other target of the profile."
            f"{evidence} Nothing was read or sent. Build it here: dbt build --target {active}; or give the target the "
            f"schema and database of the manifest. {_OVERRIDE}"
        )
    there = f"{quoted(other.target)} ({environments(other.target)})"
    return (
        f"{file} was built under the target {there}, and the active target is {here}.{evidence} Rows of {other.target} "
        f"would go to the Heap environment of {active}; nothing was read or sent. Build {active} first: dbt build "
        f"--target {active}; or use what was built: --target {other.target}. {_OVERRIDE}"
    )


_OVERRIDE = "To continue anyway, once: --allow-target-mismatch"
