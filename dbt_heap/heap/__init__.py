"""Heap's API: the only HTTP to Heap."""

from dbt_heap.heap.client import IN_FLIGHT, PATHS, TIMEOUT_SECONDS, Answer, Heap, Outcome, must_be_reachable
from dbt_heap.http.patience import MAX_WAIT_SECONDS, Patience

__all__ = [
    "IN_FLIGHT",
    "MAX_WAIT_SECONDS",
    "PATHS",
    "TIMEOUT_SECONDS",
    "Answer",
    "Heap",
    "Outcome",
    "Patience",
    "must_be_reachable",
]
