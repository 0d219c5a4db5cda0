"""Load a manifest and a `--state` folder into the installed dbt's classes, whichever dbt wrote them. Loads dbt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from dbt.artifacts.schemas.freshness import FreshnessExecutionResultArtifact
from dbt.artifacts.schemas.manifest import ManifestMetadata, WritableManifest
from dbt.artifacts.schemas.upgrades import upgrade_manifest_json  # type: ignore[attr-defined]
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.state import PreviousState
from dbt.version import __version__ as installed
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import ManifestError
from dbt_heap.project.artifacts import is_of_dbt_2, load_manifest, mapping, parse, posix_path, text
from dbt_heap.project.dbt_resources import GROUPS, resource
from dbt_heap.project.manifest import RESOURCES
from dbt_heap.project.settings import Settings

# What dbt's code raises besides its own errors, such as for `path:/absolute` or artifacts of another version.
CRASHES = (ValueError, NotImplementedError, LookupError, AttributeError, TypeError, RuntimeError)
_SELECTED = tuple(group for group in GROUPS if group != "macros")
_SHOWN = 3
_NEWEST_KNOWN = 12  # of the manifest's schema: dbt brings older ones into its form


def nodes_of(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all nodes that can be selected."""
    for group in _SELECTED:
        yield from (node for node in mapping(content, group).values() if isinstance(node, dict))


@dataclass(frozen=True)
class Graph:
    """A manifest in dbt's classes, and the entries that they do not support."""

    manifest: Manifest
    unknown: tuple[str, ...]  # unique ids

    def warnings(self, content: Mapping[str, Any], criteria: str | None) -> Iterator[str]:
        """Yield a warning about unsupported entries that the criteria (None: any) may select."""
        kinds = [each for each in self.unknown if each in content["nodes"]]
        others = [each for each in self.unknown if each not in kinds]
        kinds += [each for each in others if criteria is None or f"{each.partition('.')[0]}:" in criteria]
        if kinds:
            named = ", ".join(kinds[:_SHOWN]) + (f" and {len(kinds) - _SHOWN} more" if len(kinds) > _SHOWN else "")
            version = text(content["metadata"], "dbt_version")
            yield (
                f"dbt-core {installed}, which resolves selections, cannot read {named} as written by dbt {version}, "
                f"and ignores them. Install {_fitting(version)}, or select by --sync"
            )


def graph_manifest(path: Path, content: Mapping[str, Any], *, macros: bool) -> Graph:
    """Return the manifest at `path`, of this content, with only what a selection needs of it.

    `macros` includes macros, which `state:` compares. Raises ManifestError if dbt's classes cannot represent a
    node that may declare a sync.
    """
    try:
        graph = _graph(_readable(content, [*_SELECTED, *(["macros"] if macros else [])]))
        lost = [each for each in graph.unknown if each.partition(".")[0] in RESOURCES and _is_resource(content, each)]
        if not lost:
            return graph
        why = ", ".join(lost[:_SHOWN])
    except (DbtBaseException, *CRASHES) as refusal:
        why = type(refusal).__name__
    version = text(content["metadata"], "dbt_version")
    raise ManifestError(
        f"{path}: a selection needs a dbt-core that can read this manifest of dbt {version}, and the installed "
        f"{installed} cannot ({why}). Install {_fitting(version)}, select by --sync, or "
        "leave the selection out"
    )


def _is_resource(content: Mapping[str, Any], unique_id: str) -> bool:
    """Return whether an entry may declare a sync, whatever its unique ID looks like."""
    return any(text(content[group].get(unique_id), "resource_type") in RESOURCES for group in ("nodes", "sources"))


def _graph(content: Mapping[str, Any]) -> Graph:
    made: dict[str, dict[str, Any]] = {}
    unknown: list[str] = []
    for group in GROUPS:
        entries = {name: resource(group, name, entry) for name, entry in content[group].items()}
        made[group] = {name: entry for name, entry in entries.items() if entry is not None}
        unknown += [name for name in entries if name not in made[group] and group in _SELECTED]
    known = {name for group in _SELECTED for name in made[group]}
    for group in _SELECTED:
        for entry in made[group].values():
            if depends_on := getattr(entry, "depends_on", None):
                with suppress(AttributeError):  # of a seed, which depends on macros alone
                    depends_on.nodes = [each for each in depends_on.nodes if each in known]
    metadata = content["metadata"]
    known_here = {field.name for field in fields(WritableManifest)}
    made = {group: entries for group, entries in made.items() if group in known_here}
    others: dict[str, Any] = {name: {} for name in known_here - made.keys() - {"metadata"}}
    described = ManifestMetadata(
        project_name=text(metadata, "project_name") or None, adapter_type=text(metadata, "adapter_type") or None
    )
    written = WritableManifest(metadata=described, **made, **others)
    return Graph(Manifest.from_writable_manifest(written), tuple(unknown))


def _readable(content: Mapping[str, Any], groups: list[str]) -> dict[str, Any]:
    """Return these groups as the dbt 1 of the newest known schema writes them; the others are empty."""
    found: dict[str, Any] = {
        group: {name: dict(each) for name, each in mapping(content, group).items() if isinstance(each, dict)}
        for group in groups
    }
    found |= {group: {} for group in GROUPS if group not in found}
    found["metadata"] = content["metadata"]
    schema = re.search(r"/manifest/v(\d+)", text(content["metadata"], "dbt_schema_version"))
    if schema and int(schema[1]) < _NEWEST_KNOWN:
        found = upgrade_manifest_json(found, int(schema[1]))
    of_dbt_2 = is_of_dbt_2(content)
    for node in nodes_of(found):
        for key in ("path", "original_file_path", "patch_path"):
            if written := text(node, key):
                node[key] = posix_path(written)
        if of_dbt_2:
            _as_dbt_1(node)
    return found


def _fitting(version: str) -> str:
    """Return the dbt-core to install. PyPI lacks those of dbt's release tracks, whose versions begin with a year.

    https://docs.getdbt.com/docs/dbt-versions/cloud-release-tracks
    """
    return "the newest dbt-core below 2" if re.match(r"2\.|20\d\d\.", version) else f"dbt-core {version}"


def earlier_state(settings: Settings, target_path: Path) -> PreviousState:
    """Return what is in the folder of --state; as with dbt, a relative one is the project's.

    Artifacts that cannot be read count as missing; dbt reports that if the selection needs them. Raises ManifestError
    if the folder's manifest.json is not a manifest.
    """
    folder = settings.project_dir / (settings.state or "")
    with TemporaryDirectory() as empty:  # dbt finds nothing to refuse there
        state = PreviousState(Path(empty), Path(empty, "target"), settings.project_dir)
    file = folder / "manifest.json"
    if file.is_file():
        state.manifest = graph_manifest(file, load_manifest(file), macros=True).manifest
    state.results = _if_read(folder / "run_results.json", _results)
    state.sources = _if_read(folder / "sources.json", _freshness)
    state.sources_current = _if_read(target_path / "sources.json", _freshness)
    return state


def _if_read(path: Path, read: Callable[[Path], Any]) -> Any:
    try:
        return read(path) if path.is_file() else None
    except (DbtBaseException, OSError, *CRASHES):
        return None


def _results(path: Path) -> Any:
    """Return what `result:` compares: dbt's class would refuse a status that another dbt writes, such as `reused`."""
    return [
        SimpleNamespace(unique_id=text(each, "unique_id"), status=text(each, "status"))
        for each in parse(path.read_bytes())["results"]
    ]


def _freshness(path: Path) -> Any:
    return FreshnessExecutionResultArtifact.read_and_check_versions(str(path))


def _as_dbt_1(node: dict[str, Any]) -> None:
    """Rewrite an entry of dbt 2 as dbt 1 does, whose classes refuse it otherwise (tested with 2.0.0-alpha.4)."""
    if (patch := text(node, "patch_path")) and "://" not in patch:  # a source's
        node["patch_path"] = f"{text(node, 'package_name')}://{patch}"
    if config := mapping(node, "config"):
        node["config"] = {**_without_nulls(config), "meta": mapping(config, "meta")}
        if text(config, "materialized") == "incremental" and mapping(config, "contract").get("enforced"):
            node["config"].setdefault("on_schema_change", "fail")  # dbt 1 refuses a contract without it


def _without_nulls(value: Any) -> Any:
    """Return a value without nulls: dbt 2 writes null for unset keys, even if dbt 1 has another default."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return list(map(_without_nulls, value)) if isinstance(value, list) else value
