"""Heap's API: the only HTTP of dbt-heap."""

from dbt_heap.heap.client import IN_FLIGHT, PATHS, Answer, Heap, Outcome
from dbt_heap.heap.patience import Patience

__all__ = ["IN_FLIGHT", "PATHS", "Answer", "Heap", "Outcome", "Patience"]
