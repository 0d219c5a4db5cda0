"""## Growth

By the sync's own clock, from its plan to its acknowledgement: tables of more and more users, every one of whom
changed, beyond what the same table takes where one did. The exponent is the power of the changed rows by which that
grows; one is linear. Then ever more changed users in the largest table: the fewer they are, the more a sync is the
diff's reading of all the rows that stay as they were.
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
    """Prints the seconds by the number of changed rows with the exponent, and those in the largest table."""
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
    table(("users", "one changed", "every one changed", "changed users a second"), lines)
    print(f"The exponent is {exponent(beyond):.2f}.\n")
    table(
        (f"changed of {sizes[-1]:,}", "time"),
        [(f"1 in {share:,}", f"{took:.2f} s") for share, took in zip(shares, within, strict=True)],
    )


def _by_turns(project: Project, changes: Sequence[str], runs: int) -> list[float]:
    """The median seconds of a sync after each of the changes, by the condition on the users that change."""
    rounds = [[_seconds(project, each) for each in changes] for _ in range(runs)]
    return [median(taken) for taken in zip(*rounds, strict=True)]


def _seconds(project: Project, changed: str) -> float:
    """What a sync takes when the users of a condition have changed."""
    project.sql(f"update heap_users set seats = seats + 1 where {changed}")
    dbt_heap(project, "sync")()
    return float(project.results()["heap_users"]["seconds"])
