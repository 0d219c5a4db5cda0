"""Batches go to Heap and come back as verdicts: every row of a batch has one fate."""

from dbt_heap.delivery.breaker import Breaker
from dbt_heap.delivery.courier import deliver
from dbt_heap.delivery.verdicts import Verdict

__all__ = ["Breaker", "Verdict", "deliver"]
