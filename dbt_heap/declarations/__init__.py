"""`meta.heap` -> Sync, strictly: every mistake of the project at once, each where the person who wrote it looks."""

from dbt_heap.declarations.columns import check_columns
from dbt_heap.declarations.declare import Declarations, declare
from dbt_heap.declarations.schema import block_schema

__all__ = ["Declarations", "block_schema", "check_columns", "declare"]
