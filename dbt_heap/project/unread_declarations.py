"""Declarations that dbt 2 left out of the manifest: those of a `meta` that does not stand under `config:`.

It reports error dbt1060 and writes the manifest all the same, so that a sync would vanish without a word from us.
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


def dropped(project_dir: Path, manifest: Manifest) -> Iterator[str]:
    """A sentence for each declaration in the project's YAML that the manifest lacks because of where it stands.

    Read leniently: what is no YAML, or not there, says nothing. Nothing is read for a manifest of dbt 1.
    """
    declared = {(model.file, model.name) for model in manifest.models if model.heap is not None}
    for file in manifest.yaml_files:
        for entry in _entries(_content(project_dir / file)):
            name = text(entry, "name")
            versions = [each for each in _list(entry, "versions") if _bears(each)]
            if (_bears(entry) or versions) and (file, name) not in declared:
                yield f"{file}: {name}: {_WHY}, so it is not synced"
            for column in filter(_bears, _list(entry, "columns")):
                yield f"{file}: {name}: the column {text(column, 'name')}: {_WHY}, so it is not sent"


def _content(path: Path) -> Any:
    try:
        content = path.read_bytes()
        return yaml.safe_load(content) if b"heap" in content else None  # parsing takes long, and most files bear none
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return None


def _entries(content: Any) -> Iterator[Mapping[str, Any]]:
    for group in _YAML_KEYS:
        yield from _list(content, group)
    for source in _list(content, "sources"):
        yield from _list(source, "tables")


def _list(node: Any, key: str) -> list[dict[str, Any]]:
    """The mappings of a list that stands there."""
    value = node.get(key) if isinstance(node, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _bears(entry: Mapping[str, Any]) -> bool:
    """Whether `heap` stands under its own `meta`, and not where it should."""
    return "heap" in mapping(entry, "meta") and "heap" not in mapping(mapping(entry, "config"), "meta")


_BEARERS = frozenset({"model", "snapshot", "seed", "source"})
_GROUPS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "unit_tests", "functions")
_RIGHT = "`config: {meta: {heap: …}}` of a model, snapshot, seed or source"


def misplaced_blocks(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each block of a manifest that looks like one for Heap, and is not read."""
    for group in _GROUPS:
        for unique_id, node in mapping(content, group).items():
            if isinstance(node, dict):
                yield from _of_node(unique_id, node)


def _of_node(unique_id: str, node: Mapping[str, Any]) -> Iterator[str]:
    kind = text(node, "resource_type") or unique_id.partition(".")[0]
    where = f"{_file(node)}: {kind.replace('_', ' ')} {text(node, 'name') or unique_id}"
    if kind not in _BEARERS:
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
    """Whether a key is `heap` in another case, or with the tool's name."""
    return isinstance(key, str) and re.sub(r"[^a-z]", "", key.casefold()) in ("heap", "dbtheap")


def _file(node: Mapping[str, Any]) -> str:
    return text(node, "patch_path").rpartition("://")[2] or text(node, "original_file_path")
