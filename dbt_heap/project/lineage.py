"""What a model is made of, as far up as dbt knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.project.artifacts import mapping, text, texts

MAX_NODES = 40  # what a drawing of one model can bear


@dataclass(frozen=True)
class Node:
    """A model, or one of those it is made of."""

    unique_id: str
    name: str  # of a source's table with the source's name
    resource_type: str
    distance: int  # steps from the model, by the longest way


@dataclass(frozen=True)
class Lineage:
    """A model and what is upstream of it: the nearest, the model first."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()  # from what is read to what reads it, by unique ids
    left_out: int = 0  # how many more there are upstream


def lineage(content: Mapping[str, Any], unique_id: str, *, max_nodes: int = MAX_NODES) -> Lineage:
    """The lineage of one of a manifest's nodes."""
    upstream = _upstream(content, unique_id)
    kept = list(upstream)[:max_nodes]
    edges = tuple((above, below) for below in kept for above in upstream[below] if above in kept)
    distances = _distances(unique_id, edges)
    nodes = tuple(_node(content, each, distances[each]) for each in kept)
    return Lineage(nodes, edges, len(upstream) - len(kept))


def _upstream(content: Mapping[str, Any], unique_id: str) -> dict[str, tuple[str, ...]]:
    """What each reads, of the node and all above it, the nearest first."""
    found: dict[str, tuple[str, ...]] = {}
    waiting = [unique_id]
    for each in waiting:  # grows while it is walked
        if each not in found:
            found[each] = tuple(dict.fromkeys(texts(mapping(_raw(content, each), "depends_on").get("nodes"))))
            waiting += found[each]
    return found


def _distances(unique_id: str, edges: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """How far each stands above the node, by the longest way."""
    distances = dict.fromkeys((each for edge in edges for each in edge), 0) | {unique_id: 0}
    for _ in distances:  # no way is longer than that, so that a manifest with a circle in it is walked to an end, too
        for above, below in edges:
            distances[above] = max(distances[above], min(distances[below] + 1, len(distances)))
    return distances


def _node(content: Mapping[str, Any], unique_id: str, distance: int) -> Node:
    raw = _raw(content, unique_id)
    name = text(raw, "name") or unique_id
    source = text(raw, "source_name")
    kind = text(raw, "resource_type") or unique_id.partition(".")[0]
    return Node(unique_id, f"{source}.{name}" if source else name, kind, distance)


def _raw(content: Mapping[str, Any], unique_id: str) -> Any:
    return mapping(content, "nodes").get(unique_id) or mapping(content, "sources").get(unique_id)
