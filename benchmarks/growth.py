"""## Growth

By the sync's own clock, from its plan to its acknowledgement: tables of more and more users, every one of whom
changed, beyond what the same table takes where one did. The exponent is the power of the changed rows by which that
grows; one is linear. Then ever more changed users in the largest table: the fewer they are, the more a sync is the
diff's reading of all the rows that stay as they were.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measuring import dbt_heap, exponent, table
from benchmarks.sink import sink
from benchmarks.users import build, on_duckdb
from tests.project import Project

RUNS = 3  # of the short ones, of which the quickest counts


def measure(sizes: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000)) -> None:
    """Prints the seconds by the number of changed rows with the exponent, and those in the largest table."""
    beyond = {}
    lines = []
    with sink() as url, on_duckdb(url, memory_limit="8GB") as project:
        for rows in sizes:
            project.sql(f"drop schema if exists {project.state_schema} cascade")
            build(project, rows)
            dbt_heap(project, "sync", "--first-sync")()
            one = min(_seconds(project, "user_id = 'user_1'") for _ in range(RUNS))
            every = min(_seconds(project, "true") for _ in range(RUNS if rows <= 1_000_000 else 1))
            beyond[rows] = every - one
            lines.append((f"{rows:,}", f"{one:.2f} s", f"{every:.2f} s", f"{rows / beyond[rows]:,.0f}"))
        within = {
            rows: min(_seconds(project, f"hash(user_id) % {sizes[-1] // rows} = 0") for _ in range(RUNS))
            for rows in sizes[:-1]
        }
    table(("users", "one changed", "every one changed", "changed users a second"), lines)
    most = {rows: took for rows, took in beyond.items() if rows > sizes[0]}
    print(
        f"The exponent is {exponent(beyond):.2f}, and {exponent(most):.2f} without the first line, in which what a\n"
        "sync does once, as making its connections, is still a part.\n"
    )
    table(
        (f"changed of {sizes[-1]:,}", "time"),
        [(f"1 in {sizes[-1] // rows:,}", f"{took:.2f} s") for rows, took in within.items()],
    )


def _seconds(project: Project, changed: str) -> float:
    """What a sync takes when the users of a condition have changed."""
    project.sql(f"update heap_users set seats = seats + 1 where {changed}")
    dbt_heap(project, "sync")()
    return float(project.results()["heap_users"]["seconds"])
