"""One invocation of `dbt-heap sync`, from declared syncs to results; for programs: docs/reference/python-api.md."""

from dbt_heap.invocation import Invocation, invoke
from dbt_heap.results import Results, Status, SyncResult, read_results
from dbt_heap.run.conductor import sync
from dbt_heap.run.observer import Observer
from dbt_heap.run.orders import Orders
from dbt_heap.settings import Settings

__all__ = [
    "Invocation", "Observer", "Orders", "Results", "Settings", "Status", "SyncResult", "invoke", "read_results", "sync",
]  # fmt: skip
