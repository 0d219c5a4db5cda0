"""Find declarations that are not read: dropped by dbt 2, or under a wrong key.

dbt 2 drops a `meta` that is not under `config:`. It reports error dbt1060 but still writes the manifest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dbt_heap.project.artifacts import mapping, text
from dbt_heap.project.nodes import Manifest

_YAML_KEYS = ("models", "snapshots", "seeds")
_WHY = "dbt 2 drops its `meta.heap`, which is not under `config:`"


def dropped_by_dbt2(project_dir: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a warning for each declaration in the project's YAML that dbt 2 dropped.

    Files that are missing or not YAML are ignored. For a manifest of dbt 1 nothing is read.
    """
    declared = {(model.file, model.name) for model in manifest.models if model.heap is not None}
    for file in manifest.yaml_files:
        for entry in _entries(_content(project_dir / file)):
            name = text(entry, "name")
            versions = [each for each in _list(entry, "versions") if _is_dropped(each)]
            if (_is_dropped(entry) or versions) and (file, name) not in declared:
                yield f"{file}: {name}: {_WHY}, so it is not synced"
            for column in filter(_is_dropped, _list(entry, "columns")):
                yield f"{file}: {name}: the column {text(column, 'name')}: {_WHY}, so it is not sent"


def _content(path: Path) -> Any:
    try:
        content = path.read_bytes()
        return yaml.safe_load(content) if b"heap" in content else None  # most files have no block
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _entries(content: Any) -> Iterator[Mapping[str, Any]]:
    for group in _YAML_KEYS:
        yield from _list(content, group)
    for source in _list(content, "sources"):
        yield from _list(source, "tables")


def _list(node: Any, key: str) -> list[dict[str, Any]]:
    """Return the mappings in a list."""
    value = node.get(key) if isinstance(node, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _is_dropped(entry: Mapping[str, Any]) -> bool:
    """Return whether `heap` is only under a top-level `meta`."""
    return "heap" in mapping(entry, "meta") and "heap" not in mapping(mapping(entry, "config"), "meta")


_CAN_DECLARE = frozenset({"model", "snapshot", "seed", "source"})
_GROUPS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "unit_tests", "functions")
_RIGHT = "`config: {meta: {heap: …}}` of a model, snapshot, seed or source"


def misplaced_blocks(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each block of a manifest that looks like one for Heap and is not read."""
    for group in _GROUPS:
        for unique_id, node in mapping(content, group).items():
            if isinstance(node, dict):
                yield from _of_node(unique_id, node)


def _of_node(unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
    kind = text(node, "resource_type") or unique_id.partition(".")[0]
    where = f"{_file(node)}: {kind.replace('_', ' ')} {text(node, 'name') or unique_id}"
    if kind not in _CAN_DECLARE:
        if any(key == "heap" for key in _meta(node)):
            yield f"{where}: `meta.heap` is not read here. Move it to {_RIGHT}"
        return
    yield from _misspelt(where, node)
    for name, column in mapping(node, "columns").items():
        if isinstance(column, dict):
            yield from _misspelt(f"{where}: column {name}", column)


def _misspelt(where: str, node: Mapping[str, Any]) -> Iterator[str]:
    for key in mapping(node, "config"):
        if _looks_right(key):
            yield f"{where}: `config.{key}` is not read. Move it to `config.meta.heap`"
    for key in _meta(node):
        if key != "heap" and _looks_right(key):
            yield f"{where}: `meta.{key}` is not read. Rename it to `heap`"


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return {**mapping(node, "meta"), **mapping(mapping(node, "config"), "meta")}


def _looks_right(key: Any) -> bool:
    """Return whether a key is `heap` in another case, or the tool's name."""
    return isinstance(key, str) and re.sub(r"[^a-z]", "", key.casefold()) in ("heap", "dbtheap")


def _file(node: Mapping[str, Any]) -> str:
    return text(node, "patch_path").rpartition("://")[2] or text(node, "original_file_path")
