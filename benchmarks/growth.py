"""## Growth

Ten million users, of whom more and more change: what a sync takes beyond one in which nothing changed, and by which
power of the changed rows that grows. One is linear.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measuring import dbt_heap, exponent, table, timed
from benchmarks.sink import sink
from benchmarks.users import build, on_duckdb


def measure(rows: int = 10_000_000, changed: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000)) -> None:
    """Prints the seconds by the number of changed rows, and the exponent."""
    with sink() as url, on_duckdb(url, memory_limit="8GB") as project:
        build(project, rows)
        sync = dbt_heap(project, "sync")
        dbt_heap(project, "sync", "--first-sync")()
        nothing = min(timed(sync) for _ in range(3))
        seconds = {}
        for count in changed:
            project.sql(f"update heap_users set seats = seats + 1 where hash(user_id) % {rows // count} = 0")
            took = timed(sync)
            seconds[project.results()["heap_users"]["planned"]] = took - nothing
    table(
        ("changed", "beyond a sync of nothing", "a second"),
        [(f"{count:,}", f"{took:.2f} s", f"{count / took:,.0f}") for count, took in seconds.items()],
    )
    print(f"A sync of nothing takes {nothing:.1f} s. The exponent is {exponent(seconds):.2f}.\n")
