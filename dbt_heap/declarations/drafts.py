"""The blocks of one model with all that is found out about each, mistakes included."""

from __future__ import annotations

from dataclasses import dataclass

from dbt_heap.declarations.block import Block
from dbt_heap.declarations.blocks import Declared, declared_blocks
from dbt_heap.declarations.entries import column_entries
from dbt_heap.declarations.never_send import veto
from dbt_heap.declarations.properties import Properties, properties_of
from dbt_heap.declarations.rules import broken_rules, environment
from dbt_heap.errors import Mistake
from dbt_heap.manifest import Model
from dbt_heap.project import HeapVars


@dataclass(frozen=True)
class Draft:
    """A block beside all that was found out about it."""

    declared: Declared
    environment: str
    properties: Properties
    mistakes: tuple[Mistake, ...]


def drafts_of(model: Model, defaults: Block, heap_vars: HeapVars) -> tuple[list[Draft], list[Mistake]]:
    """Return a model's blocks with the mistakes of each, and the mistakes that belong to no block."""
    if model.heap is None and any("heap" in column.meta for column in model.columns):
        return [], column_entries(model, [])[1]
    blocks, strange = declared_blocks(model, defaults)
    entries, of_columns = column_entries(model, blocks)
    forbidden_by = veto(heap_vars.never_send, model)
    drafts = []
    for declared in blocks:
        own = [entry for entry in entries if entry.declared is declared]
        chosen, unclear = environment(declared, heap_vars)
        properties = properties_of(declared, own, forbidden_by)
        rules = broken_rules(declared, forbidden_by)
        # A column's entry may be meant for any of the model's syncs: all of them wait until it is corrected.
        mistakes = (*declared.mistakes, *of_columns, *rules, *unclear, *properties.mistakes)
        drafts.append(Draft(declared, chosen, properties, mistakes))
    return drafts, [*strange, *(() if blocks else of_columns)]
