"""A manifest and an earlier state in the classes of the dbt that is installed, also where dbt 2 wrote them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from dbt.artifacts.resources.v1.generic_test import GenericTest
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.state import PreviousState
from dbt.version import __version__ as installed
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import ManifestError, SettingsError
from dbt_heap.manifest import is_of_dbt_2, load_manifest
from dbt_heap.manifest.artifacts import mapping, text
from dbt_heap.settings import Settings

# What dbt's code raises beside errors of its own, as for `path:/absolute` or artifacts of another version.
CRASHES = (ValueError, NotImplementedError, LookupError, AttributeError, TypeError, RuntimeError)
_GROUPS = (
    "nodes", "sources", "exposures", "metrics", "unit_tests", "semantic_models", "saved_queries", "functions",
)  # fmt: skip


def nodes_of(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All that can be selected."""
    for group in _GROUPS:
        yield from (node for node in mapping(content, group).values() if isinstance(node, dict))


def graph_manifest(path: Path, content: dict[str, Any]) -> Manifest:
    """The manifest at `path`, of this content. Raises ManifestError where dbt's classes cannot hold it."""
    try:
        if is_of_dbt_2(content):
            _mend(content)
        written = WritableManifest.upgrade_schema_version(content)  # type: ignore[no-untyped-call]
        for unique_id, node in content["nodes"].items():
            if mapping(node, "test_metadata"):
                # dbt's classes take it for a singular one: `test_name:` would not find it.
                written.nodes[unique_id] = GenericTest.from_dict(node)
        return Manifest.from_writable_manifest(written)
    except (DbtBaseException, *CRASHES) as refusal:
        version = text(content["metadata"], "dbt_version")
        raise ManifestError(
            f"{path}: a selection needs a dbt-core beside dbt-heap that can read this manifest of dbt {version}, and "
            f"{installed}, which is installed, cannot ({type(refusal).__name__}). Install {_fitting(version)}, or "
            "leave the selection out"
        ) from None


def _fitting(version: str) -> str:
    """The dbt-core to install; no index has those of dbt Cloud's release tracks, which are named by their year.

    https://docs.getdbt.com/docs/dbt-versions/cloud-release-tracks
    """
    return "the newest dbt-core below 2" if re.match(r"2\.|20\d\d\.", version) else f"dbt-core {version}"


def earlier_state(settings: Settings, target_path: Path) -> PreviousState:
    """What stands in the folder of --state; as with dbt, a relative one is the project's.

    Raises SettingsError where dbt's classes cannot hold it, ManifestError where its manifest is none.
    """
    folder = settings.project_dir / (settings.state or "")
    try:
        with _readable(folder) as state_path:
            return PreviousState(state_path.absolute(), target_path.absolute(), settings.project_dir)
    except CRASHES as crash:
        raise SettingsError(
            f"--state {settings.state}: dbt-core {installed}, which is installed beside dbt-heap, cannot read the "
            f"artifacts there ({type(crash).__name__}): a newer one may, or that of the dbt that wrote them"
        ) from None


@contextmanager
def _readable(folder: Path) -> Iterator[Path]:
    """The folder; where dbt 2 wrote its manifest, a copy that the classes of dbt 1 can read."""
    file = folder / "manifest.json"
    content = load_manifest(file) if file.is_file() else {"metadata": {}}
    if not is_of_dbt_2(content):
        yield folder
        return
    _mend(content)
    with TemporaryDirectory() as copy:
        Path(copy, file.name).write_bytes(orjson.dumps(content))
        for name in ("run_results.json", "sources.json"):
            if (folder / name).is_file():
                shutil.copy(folder / name, copy)
        yield Path(copy)


def _mend(content: Mapping[str, Any]) -> None:
    """Has what dbt 2 writes otherwise, and dbt 1 stumbles over, as dbt 1 writes it (tried with 2.0.0-alpha.4)."""
    for node in nodes_of(content):
        if (patch := text(node, "patch_path")) and "://" not in patch:  # a source's
            node["patch_path"] = f"{text(node, 'package_name')}://{patch}"
        if config := mapping(node, "config"):
            node["config"] = {**_without_nulls(config), "meta": mapping(config, "meta")}
            if text(config, "materialized") == "incremental" and mapping(config, "contract").get("enforced"):
                node["config"].setdefault("on_schema_change", "fail")  # a contract that dbt 1 refuses without it


def _without_nulls(value: Any) -> Any:
    """dbt 2 writes null for what is not said, also where dbt 1 has a default that is none."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value
