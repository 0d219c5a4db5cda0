"""## A Heap that takes its time

Every answer takes 200 ms, eight requests are in flight, a thousand users in each: 40,000 rows a second are possible,
and the whole process is measured, its start, diff and acknowledgement included.
"""

from __future__ import annotations

from benchmarks.measuring import dbt_heap, table, timed
from benchmarks.sink import sink
from benchmarks.users import build, on_duckdb

LATENCY_SECONDS = 0.2
IN_FLIGHT = 8


def measure(rows: int = 1_000_000) -> None:
    """Prints what of the possible was reached."""
    with sink(LATENCY_SECONDS) as url, on_duckdb(url) as project:
        build(project, rows)
        seconds = timed(dbt_heap(project, "sync", "--first-sync", "--in-flight", str(IN_FLIGHT)))
    possible = IN_FLIGHT * 1_000 / LATENCY_SECONDS
    table(
        ("rows", "time", "rows/s", "of the possible"),
        [(f"{rows:,}", f"{seconds:.1f} s", f"{rows / seconds:,.0f}", f"{rows / seconds / possible:.0%}")],
    )
