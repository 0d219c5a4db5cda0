"""## A slow Heap

Every answer takes 200 ms. Eight requests are in flight with a thousand users each, so at most 40,000 rows per second
are possible. The first line is the whole process, including start, diff and acknowledgement. The second is the time
from the first request to the last answer, by the server's clock, which reading and acknowledging in the warehouse must
not extend.
"""

from __future__ import annotations

from benchmarks.measuring import dbt_heap, table, timed
from benchmarks.sink import busy_seconds, sink
from benchmarks.users import build, on_duckdb

LATENCY_SECONDS = 0.2
IN_FLIGHT = 8


def measure(rows: int = 1_000_000) -> None:
    """Print how much of the maximum was reached."""
    with sink(LATENCY_SECONDS) as url, on_duckdb(url) as project:
        build(project, rows)
        seconds = {
            "the whole process": timed(dbt_heap(project, "sync", "--first-sync", "--in-flight", str(IN_FLIGHT))),
            "the delivery": busy_seconds(url),
        }
    possible = IN_FLIGHT * 1_000 / LATENCY_SECONDS
    table(
        (f"{rows:,} users", "time", "users per second", "of the maximum"),
        [
            (what, f"{took:.1f} s", f"{rows / took:,.0f}", f"{rows / took / possible:.0%}")
            for what, took in seconds.items()
        ],
    )
