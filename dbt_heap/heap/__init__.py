"""Heap's API: the only HTTP of dbt-heap."""

from dbt_heap.heap.client import Answer, Heap, Outcome
from dbt_heap.heap.patience import Patience

__all__ = ["Answer", "Heap", "Outcome", "Patience"]
