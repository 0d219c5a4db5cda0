"""A model's lineage as boxes and lines between them: what is furthest up stands to the left, Heap to the right."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from dbt_heap.project.lineage import Lineage

_LETTER, _PADDING = 7.0, 14.0  # of the page's small monospaced letters, in its pixels
_BOX_HEIGHT, _ROW, _COLUMN_GAP = 26.0, 36.0, 44.0
_MAX_LETTERS = 34
HEAP = "Heap"


@dataclass(frozen=True)
class Box:
    """One node."""

    name: str
    shown: str  # the name, cut where it is too long for its box
    kind: str
    x: float
    y: float
    width: float
    height: float = _BOX_HEIGHT

    @property
    def right(self) -> tuple[float, float]:
        """Where a line leaves it."""
        return self.x + self.width, self.y + self.height / 2

    @property
    def left(self) -> tuple[float, float]:
        """Where a line enters it."""
        return self.x, self.y + self.height / 2


@dataclass(frozen=True)
class Drawing:
    """Boxes and lines; lines are SVG's path commands."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]
    left_out: int
    told: tuple[str, ...]  # the same in sentences


def drawing(lineage: Lineage) -> Drawing:
    """The lineage of a model, and Heap behind it."""
    columns: dict[int, list[str]] = defaultdict(list)
    names = {HEAP: HEAP} | {node.unique_id: node.name for node in lineage.nodes}
    kinds = {HEAP: "heap"} | {node.unique_id: node.resource_type for node in lineage.nodes}
    columns[0].append(HEAP)
    for node in sorted(lineage.nodes, key=lambda node: node.name):
        columns[node.distance + 1].append(node.unique_id)
    height = _ROW * max(map(len, columns.values()))
    boxes: dict[str, Box] = {}
    x = 1.0
    for distance in sorted(columns, reverse=True):
        shown = {each: _cut(names[each]) for each in columns[distance]}
        width = max(map(len, shown.values())) * _LETTER + 2 * _PADDING
        top = (height - _ROW * len(shown)) / 2 + (_ROW - _BOX_HEIGHT) / 2
        for row, each in enumerate(columns[distance]):
            boxes[each] = Box(names[each], shown[each], kinds[each], x, top + row * _ROW, width)
        x += width + _COLUMN_GAP
    edges = [*lineage.edges, *((node.unique_id, HEAP) for node in lineage.nodes[:1])]
    return Drawing(
        width=x - _COLUMN_GAP + 1,
        height=height,
        boxes=tuple(boxes.values()),
        lines=tuple(_line(boxes[above], boxes[below]) for above, below in edges),
        left_out=lineage.left_out,
        told=tuple(f"{names[above]} feeds {names[below]}" for above, below in edges),
    )


def _line(above: Box, below: Box) -> str:
    (x1, y1), (x2, y2) = above.right, below.left
    middle = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"


def _cut(name: str) -> str:
    return name if len(name) <= _MAX_LETTERS else name[: _MAX_LETTERS - 1] + "…"
