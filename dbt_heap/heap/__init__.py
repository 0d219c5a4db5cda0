"""Heap's API: the only HTTP of dbt-heap."""

from dbt_heap.heap.client import PATHS, Answer, Heap, Outcome
from dbt_heap.heap.patience import Patience

__all__ = ["PATHS", "Answer", "Heap", "Outcome", "Patience"]
