"""One invocation of `dbt-heap sync`, from declared syncs to results."""

from dbt_heap.run.conductor import Orders, sync

__all__ = ["Orders", "sync"]
