"""What of a manifest tells under which target it was built: nodes with their places, and the macros that name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dbt_heap.manifest.artifacts import mapping, text, texts

LOOKED_AT = 400  # nodes without a sync, at most
MAX_PLACED = 40  # of the nodes without a sync; one of each kind says as much as all of them
_BUILT = frozenset({"model", "seed", "snapshot"})
_NAMING = ("generate_schema_name", "generate_database_name", "generate_alias_name")
_LEFT_OUT = frozenset({"raw_code", "compiled_code", "columns", "docs", "description", "extra_ctes", "doc_blocks"})


def placed_nodes(nodes: Mapping[str, Any], synced: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The nodes of the syncs that dbt builds, then one of each kind of the others: by package, folder and config.

    Of the others, some from all over the manifest are looked at: parsing every node of a large one takes its time.
    """
    wanted = set(synced)
    built = [each for each in nodes if each.partition(".")[0] in _BUILT]
    yield from (_trimmed(node) for each in built if each in wanted and _is_placed(node := nodes[each]))
    others = [each for each in built if each not in wanted]
    kinds: set[tuple[Any, ...]] = set()
    for unique_id in others[:: len(others) // LOOKED_AT + 1]:
        node = nodes[unique_id]
        if _is_placed(node) and len(kinds) < MAX_PLACED and (kind := _kind(node)) not in kinds:
            kinds.add(kind)
            yield _trimmed(node)


def _is_placed(node: Any) -> bool:
    """Whether dbt builds a node, and notes where."""
    return isinstance(node, dict) and text(node, "resource_type") in _BUILT and bool(text(node, "relation_name"))


def placed_sources(sources: Mapping[str, Any], synced: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The synced sources: Jinja in their YAML may name another schema under each target."""
    wanted = set(synced)
    found = (sources[each] for each in sources if each in wanted)
    yield from (_trimmed(node) for node in found if isinstance(node, dict))


def _kind(node: Mapping[str, Any]) -> tuple[Any, ...]:
    config = mapping(node, "config")
    custom = [str(config.get(each)) for each in ("schema", "database")]
    return (text(node, "resource_type"), text(node, "package_name"), *custom, *texts(node.get("fqn"))[1:2])


def _trimmed(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node without what no name depends on: SQL and docs are most of it."""
    return {key: value for key, value in node.items() if key not in _LEFT_OUT}


def naming_macros(macros: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The naming macros of the project and its packages, and every macro that they call; not dbt's own."""
    waiting = [each for each in macros if each.rpartition(".")[2] in _NAMING and not _is_dbts(each)]
    seen = set(waiting)
    for unique_id in waiting:  # grows while it is walked
        macro = macros.get(unique_id)
        if isinstance(macro, dict):
            yield macro
            called = [each for each in texts(mapping(macro, "depends_on").get("macros")) if each not in seen]
            waiting += [each for each in called if not _is_dbts(each)]
            seen.update(called)


def _is_dbts(unique_id: str) -> bool:
    """Whether a macro is one of dbt's own, which are installed beside dbt-heap."""
    return unique_id.startswith("macro.dbt.")
