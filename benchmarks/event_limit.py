"""## Events at Heap's limit

Heap accepts 15,000 events per minute for one environment. The sandbox enforces the limit as strictly as Heap's
documentation can be read. The time is measured from the first request to the last. All events beyond the first minute's
share have to wait.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import table
from dbt_heap.http.limits import EVENTS_PER_MINUTE
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from tests.project import Project
from tests.warehouses import DuckDB

EVENTS = {
    "type": "events", "identity": "user_id", "event_name": "Order Completed", "unique_key": "order_id",
    "properties": ["total"],
}  # fmt: skip
ORDERS = (
    "select concat('user_', id % 9973) as user_id, id as order_id, id % 100 as total from range({rows}) as numbers(id)"
)


def measure(events: int = 60_000) -> None:
    """Print the events per minute, and how many requests were refused because of the limit."""
    with TemporaryDirectory(prefix="dbt-heap-") as folder, running(SandboxOptions()) as heap:
        project = Project(Path(folder), heap.url, DuckDB(Path(folder)))
        project.declare("heap_orders", EVENTS)
        project.engine.build("main", "heap_orders", ORDERS.format(rows=events))
        project.sync("--first-sync")
        requests = heap.requests()
    times = sorted(datetime.fromisoformat(each["at"]) for each in requests)
    minutes = (times[-1] - times[0]).total_seconds() / 60
    last = next(each["records"] for each in requests if datetime.fromisoformat(each["at"]) == times[-1])
    a_minute = (events - last) / minutes if minutes else 0.0
    limited = sum(each["status"] == 429 for each in requests)
    table(
        ("events", "time", "events per minute", "of Heap's limit", "429 answers"),
        [
            (
                f"{events:,}",
                f"{minutes:.2f} min",
                f"{a_minute:,.0f}",
                f"{a_minute / EVENTS_PER_MINUTE:.1%}",
                str(limited),
            )
        ],
    )
