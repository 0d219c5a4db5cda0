"""## Compared with other tools, and with a lower bound

Each tool sends users with six properties from a DuckDB file to a server that accepts every request at once, a thousand
users per request. Each runs as a whole process, in turns with the others. The lower bound only fetches, encodes and
posts. The script is a typical in-house script with pandas and requests. dlt writes to a custom destination, drt-core to
its REST destination.

A first sync is what the other tools do in every run here, because they don't know what Heap has. So they send every row
again when one in a hundred has changed, and when none has. If a column of the table says what changed, they can be
configured to use it, and then send as little as dbt-heap. This is not measured here. Such a column misses rows that
were changed without updating it, and rows that did not arrive.
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
START = """\
One synced user shows how long a tool takes to start. All others start faster: dbt-heap loads dbt's adapter, reads
dbt's macros, and creates its state. A script sends a small table before dbt-heap has started."""
CHANGED = "update heap_users set seats = seats + 1 where hash(user_id) % 100 = 0"


def measure(rows: int = 1_000_000, runs: int = 3, peers: Path | None = None) -> None:
    """Print five tables; `peers` is the Python of an environment that has the other tools."""
    with sink() as url, on_duckdb(url) as project:
        others = {name: command(*words, project.engine.output["path"], url) for name, words in _others(peers).items()}
        first_sync = {OURS: _first_sync(project), **others}
        build(project, 1)
        start = by_turns(first_sync, runs)
        build(project, rows)
        first = by_turns(first_sync, runs)
        print(f"A first sync of {rows:,} users:\n")
        _print(rows, first)
        print(f"{START}\n")
        table(("what", "time for one user"), [(name, f"{took:.2f} s") for name, took in start.items()])
        print(f"Without the start, the other {rows - 1:,} took:\n")
        _print(rows, {name: took - start[name] for name, took in first.items()})
        plot(f"A first sync of {rows:,} users, users per second", {name: rows / took for name, took in first.items()})
        dbt_heap(project, "sync", "--first-sync")()
        sync = dbt_heap(project, "sync")
        print("One user in a hundred has changed:\n")
        _print(rows, by_turns({OURS: sync, **others}, runs, before=lambda: project.sql(CHANGED)))
        sync()
        print("Nothing has changed:\n")
        _print(rows, by_turns({OURS: sync, **others}, runs))


def _others(peers: Path | None) -> Mapping[str, tuple[str | Path, ...]]:
    floor: Mapping[str, tuple[str | Path, ...]] = {"lower bound": (sys.executable, PEERS / "floor.py")}
    if peers is None:
        return floor
    files = {"a pandas script": "script.py", "dlt": "dlt_destination.py", "drt-core": "drt_rest.py"}
    return {**floor, **{name: (peers, PEERS / file) for name, file in files.items()}}


def _first_sync(project: Project) -> Contender:
    """Return a first sync, which drops the state of the one before."""
    sync = dbt_heap(project, "sync", "--first-sync")

    def run() -> None:
        project.sql(f"drop schema if exists {project.state_schema} cascade")
        sync()

    return run


def _print(rows: int, seconds: Mapping[str, float]) -> None:
    best = seconds[OURS]
    table(
        ("what", "time", "rows per second", "time relative to dbt-heap"),
        [(name, f"{took:.1f} s", f"{rows / took:,.0f}", f"{took / best:.2f}") for name, took in seconds.items()],
    )
