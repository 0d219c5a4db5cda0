"""One HTML page about the syncs: where rows go, what became of them, what to mend. No row's value stands in it."""

from dbt_heap.report.facts import Reject, Report, Run, SyncFacts
from dbt_heap.report.gathering import FILE_NAME, gather
from dbt_heap.report.page import page

__all__ = ["FILE_NAME", "Reject", "Report", "Run", "SyncFacts", "gather", "page"]
