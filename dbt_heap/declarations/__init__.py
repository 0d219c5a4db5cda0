"""`meta.heap` -> Sync, strictly: every mistake of the project at once, each where the person who wrote it looks."""

from dbt_heap.declarations.columns import check_columns
from dbt_heap.declarations.declarations import Declarations, Mistaken, mistakes_of
from dbt_heap.declarations.declare import declare
from dbt_heap.declarations.schema import block_schema

__all__ = ["Declarations", "Mistaken", "block_schema", "check_columns", "declare", "mistakes_of"]
