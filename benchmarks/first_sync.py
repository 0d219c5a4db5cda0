"""A first sync of many users beside other tools and beside the floor: the same rows, the same sink, the same batches.

python -m benchmarks.first_sync --rows 1000000 --runs 3 --peers build/peers/bin/python
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Contender, by_turns, command, machine, table
from benchmarks.scale import PROPERTIES, build
from benchmarks.sink import sink
from tests.project import Project
from tests.warehouses import DuckDB

PEERS = Path(__file__).parent / "peers"
OURS, FLOOR = "dbt-heap", "the floor"


def ours(project: Project) -> Contender:
    """A first sync: the state of the one before is forgotten."""
    sync = command(
        sys.executable,
        "-m",
        "dbt_heap",
        "sync",
        "--first-sync",
        "--quiet",
        folder=project.folder,
        **project.environment,
    )

    def run() -> None:
        project.sql(f"drop schema if exists {project.state_schema} cascade")
        sync()

    return run


def main() -> None:
    """Builds, then measures all by turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="the Python of an environment that has the other tools")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dbt-heap-") as folder, sink() as url:
        project = Project(Path(folder), url, DuckDB(Path(folder)))
        project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": PROPERTIES})
        build(project, given.rows)
        project.write()
        peers = {FLOOR: (sys.executable, "floor.py")}
        if given.peers:
            peers |= {"a pandas script": (given.peers, "script.py"), "dlt": (given.peers, "dlt_destination.py"),
                      "drt-core": (given.peers, "drt_rest.py")}  # fmt: skip
        file = str(project.folder / "warehouse.duckdb")
        contenders = {name: command(python, PEERS / script, file, url) for name, (python, script) in peers.items()}
        seconds = by_turns({OURS: ours(project), **contenders}, given.runs)
    print(f"{given.rows:,} users of {len(PROPERTIES)} properties, medians of {given.runs} whole processes by turns; "
          f"{machine('duckdb', 'dbt-core', 'orjson')}\n")  # fmt: skip
    best = seconds[OURS]
    table(
        ("what", "time", "rows/s", "dbt-heap is so many times as fast"),
        [(name, f"{took:.1f} s", f"{given.rows / took:,.0f}", f"{took / best:.2f}") for name, took in seconds.items()],
    )


if __name__ == "__main__":
    main()
