"""## A Heap that takes its time

Every answer takes 200 ms, eight requests are in flight, a thousand users in each: 40,000 rows a second are possible.
Measured are the whole process, its start, diff and acknowledgement included, and by the server's clock the time from
the first request to the last answer, which the warehouse's pages and acknowledgements must not prolong.
"""

from __future__ import annotations

from benchmarks.measuring import dbt_heap, table, timed
from benchmarks.sink import busy_seconds, sink
from benchmarks.users import build, on_duckdb

LATENCY_SECONDS = 0.2
IN_FLIGHT = 8


def measure(rows: int = 1_000_000) -> None:
    """Prints what of the possible was reached."""
    with sink(LATENCY_SECONDS) as url, on_duckdb(url) as project:
        build(project, rows)
        seconds = {
            "the whole process": timed(dbt_heap(project, "sync", "--first-sync", "--in-flight", str(IN_FLIGHT))),
            "the delivery": busy_seconds(url),
        }
    possible = IN_FLIGHT * 1_000 / LATENCY_SECONDS
    table(
        (f"{rows:,} users", "time", "users a second", "of the possible"),
        [
            (what, f"{took:.1f} s", f"{rows / took:,.0f}", f"{rows / took / possible:.0%}")
            for what, took in seconds.items()
        ],
    )
