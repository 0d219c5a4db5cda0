"""Blocks for Heap where dbt-heap does not read them: the person who wrote one thinks that it is synced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dbt_heap.manifest.artifacts import mapping, text

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
