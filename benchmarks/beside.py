"""## Beside other tools, and beside the floor

Users of six properties from a DuckDB file to a server that takes every request at once, a thousand in a request, each
tool as a whole process and by turns with the others. The floor fetches, encodes and posts, and does nothing else. The
script is the one that people keep, with pandas and requests; dlt writes to a custom destination, drt-core to its REST
destination.

A first sync is what all of them do whenever they are called: none of the others knows what Heap holds. So they send
every row again when one in a hundred has changed, and when none has. Where a column of the table tells what changed
since, they can be told to go by it, and then send as little: that is not measured here. It never notices a row that
was changed behind that column's back, nor one that did not arrive.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring import Contender, by_turns, command, dbt_heap, plot, table
from benchmarks.sink import sink
from benchmarks.users import build, on_duckdb
from tests.project import Project

PEERS = Path(__file__).parent / "peers"
OURS = "dbt-heap"
START = """One user takes what a tool's start takes, and there every other is ahead: dbt-heap loads dbt's adapter,
reads dbt's macros, and makes its state. A table of few rows is sent by a script before dbt-heap has begun."""
CHANGED = "update heap_users set seats = seats + 1 where hash(user_id) % 100 = 0"


def measure(rows: int = 1_000_000, runs: int = 3, peers: Path | None = None) -> None:
    """Prints five tables; `peers` is the Python of an environment that has the other tools."""
    with sink() as url, on_duckdb(url) as project:
        others = {name: command(*words, project.engine.output["path"], url) for name, words in _others(peers).items()}
        first_sync = {OURS: _first_sync(project), **others}
        build(project, 1)
        start = by_turns(first_sync, runs)
        build(project, rows)
        first = by_turns(first_sync, runs)
        print(f"A first sync of {rows:,} users:\n")
        _tell(rows, first)
        print(f"{START}\n")
        table(("what", "time for one user"), [(name, f"{took:.2f} s") for name, took in start.items()])
        print(f"Without that, the other {rows - 1:,} took:\n")
        _tell(rows, {name: took - start[name] for name, took in first.items()})
        plot(f"A first sync of {rows:,} users, users a second", {name: rows / took for name, took in first.items()})
        dbt_heap(project, "sync", "--first-sync")()
        sync = dbt_heap(project, "sync")
        print("One user in a hundred has changed:\n")
        _tell(rows, by_turns({OURS: sync, **others}, runs, before=lambda: project.sql(CHANGED)))
        sync()
        print("Nothing has changed:\n")
        _tell(rows, by_turns({OURS: sync, **others}, runs))


def _others(peers: Path | None) -> Mapping[str, tuple[str | Path, ...]]:
    floor: Mapping[str, tuple[str | Path, ...]] = {"the floor": (sys.executable, PEERS / "floor.py")}
    if peers is None:
        return floor
    files = {"a pandas script": "script.py", "dlt": "dlt_destination.py", "drt-core": "drt_rest.py"}
    return {**floor, **{name: (peers, PEERS / file) for name, file in files.items()}}


def _first_sync(project: Project) -> Contender:
    """A first sync: the state of the one before is forgotten."""
    sync = dbt_heap(project, "sync", "--first-sync")

    def run() -> None:
        project.sql(f"drop schema if exists {project.state_schema} cascade")
        sync()

    return run


def _tell(rows: int, seconds: Mapping[str, float]) -> None:
    best = seconds[OURS]
    table(
        ("what", "time", "rows of the table a second", "dbt-heap is so many times as fast"),
        [(name, f"{took:.1f} s", f"{rows / took:,.0f}", f"{took / best:.2f}") for name, took in seconds.items()],
    )
