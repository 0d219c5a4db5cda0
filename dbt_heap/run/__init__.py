"""One invocation of `dbt-heap sync`, from declared syncs to results; for programs: docs/reference/python-api.md."""

from dbt_heap.delivery.results import Results, Status, SyncResult, read_results
from dbt_heap.project.settings import Settings
from dbt_heap.run.options import Observer, SyncOptions
from dbt_heap.run.sync import sync
from dbt_heap.syncs.invocation import Invocation, invoke

__all__ = [
    "Invocation",
    "Observer",
    "Results",
    "Settings",
    "Status",
    "SyncOptions",
    "SyncResult",
    "invoke",
    "read_results",
    "sync",
]  # fmt: skip
