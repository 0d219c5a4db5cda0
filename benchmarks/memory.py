"""## Memory

The most memory of the process at a first sync. On Postgres the diff has its memory elsewhere, so that all of it is
ours: it stays what it is, however many rows are sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.diff import on_postgres
from benchmarks.measuring import dbt_heap, table
from benchmarks.sink import sink
from benchmarks.users import build


def measure(sizes: Sequence[int] = (100_000, 1_000_000, 10_000_000)) -> None:
    """Prints the most memory by the number of users."""
    megabytes = {}
    for rows in sizes:
        with sink() as url, on_postgres(url) as project:
            build(project, rows)
            megabytes[rows] = dbt_heap(project, "sync", "--first-sync")()
    least = megabytes[sizes[0]]
    table(
        ("users", "most memory", "times that of the first line"),
        [(f"{rows:,}", f"{most:.0f} MB", f"{most / least:.2f}") for rows, most in megabytes.items()],
    )
