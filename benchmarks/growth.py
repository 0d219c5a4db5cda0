"""## Growth

These times come from the sync's own clock, from its plan to its acknowledgement. The first table has more and more
users. It compares a sync after all of them changed with one after a single user changed. The exponent says how the
difference grows with the number of changed rows: 1 is linear. The second table changes more and more users of the
largest table: the fewer they are, the more a sync consists of reading unchanged rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from benchmarks.measuring import dbt_heap, exponent, table
from benchmarks.sink import sink
from benchmarks.users import build, on_duckdb
from tests.project import Project

RUNS = 9  # the fewest rows take less time than one run differs from the next
RUNS_OF_THE_LARGEST = 3
ONE, EVERY = "user_id = 'user_1'", "true"


def measure(sizes: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000)) -> None:
    """Print the seconds by the number of changed rows with the exponent, and those in the largest table."""
    beyond = {}
    lines = []
    with sink() as url, on_duckdb(url, memory_limit="8GB") as project:
        for rows in sizes:
            project.sql(f"drop schema if exists {project.state_schema} cascade")
            build(project, rows)
            dbt_heap(project, "sync", "--first-sync")()
            one, every = _by_turns(project, (ONE, EVERY), RUNS_OF_THE_LARGEST if rows == sizes[-1] else RUNS)
            beyond[rows] = every - one
            lines.append((f"{rows:,}", f"{one:.2f} s", f"{every:.2f} s", f"{rows / beyond[rows]:,.0f}"))
        shares = [sizes[-1] // rows for rows in sizes[:-1]]
        within = _by_turns(project, [f"hash(user_id) % {share} = 0" for share in shares], RUNS_OF_THE_LARGEST)
    table(("users", "one changed", "all changed", "changed users per second"), lines)
    print(f"The exponent is {exponent(beyond):.2f}.\n")
    table(
        (f"changed of {sizes[-1]:,}", "time"),
        [(f"1 in {share:,}", f"{took:.2f} s") for share, took in zip(shares, within, strict=True)],
    )


def _by_turns(project: Project, changes: Sequence[str], runs: int) -> list[float]:
    """Return the median seconds of a sync after each change, by the condition on the users that change."""
    rounds = [[_seconds(project, each) for each in changes] for _ in range(runs)]
    return [median(taken) for taken in zip(*rounds, strict=True)]


def _seconds(project: Project, changed: str) -> float:
    """Return the seconds of a sync after the users of a condition changed."""
    project.sql(f"update heap_users set seats = seats + 1 where {changed}")
    dbt_heap(project, "sync")()
    return float(project.results()["heap_users"]["seconds"])
