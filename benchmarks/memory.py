"""## Memory

This is the peak memory of the process in a first sync. On Postgres, the diff uses the server's memory, so all of this
is dbt-heap's own. It stays the same, however many rows are sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.diff import on_postgres
from benchmarks.measuring import dbt_heap, table
from benchmarks.sink import sink
from benchmarks.users import build


def measure(sizes: Sequence[int] = (100_000, 1_000_000, 10_000_000)) -> None:
    """Print the peak memory by the number of users."""
    megabytes = {}
    for rows in sizes:
        with sink() as url, on_postgres(url) as project:
            build(project, rows)
            megabytes[rows] = dbt_heap(project, "sync", "--first-sync")()
    least = megabytes[sizes[0]]
    table(
        ("users", "peak memory", "relative to the first line"),
        [(f"{rows:,}", f"{most:.0f} MB", f"{most / least:.2f}") for rows, most in megabytes.items()],
    )
