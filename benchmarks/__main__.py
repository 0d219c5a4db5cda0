"""Run all benchmarks, or the named ones, and print the page docs/explanation/benchmarks.md.

python -m benchmarks --peers .venv-peers/bin/python > page.md
python -m benchmarks latency growth
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import beside, diff, event_limit, growth, latency, memory, scale, start
from benchmarks.measuring import commit, machine

PAGE = """# Benchmarks

This page shows how fast dbt-heap is, compared with other tools and with the minimum that is possible.

```
make bench
```

This measures on your own machine and writes this page, which takes an hour or two. Ratios are between contenders that
ran in turns, and times are medians. Unless the text says otherwise, Heap is a server that accepts every request at
once: this measures dbt-heap and the warehouse, not Heap's speed or its limits.

Measured on {when:%Y-%m-%d} at commit {commit}: {machine}.
"""

RULED = """## What determines the time

A profile of a first sync on DuckDB (cProfile, and the times of its steps in `sync_log`) shows that the start takes
longest: importing dbt and its adapter, and reading dbt's macros. Next is the delivery, in which DuckDB writes the
records as JSON, one page ahead of the threads that post them. The diff into the outbox takes half as long as the
delivery, and the merge half as long as the diff. Python touches no row value there. With other warehouses, Python
writes the records, which is most of the delivery if Heap answers at once.

Beyond that, Heap determines the time: by its limit of 15,000 events per minute, and by how long its answers take.
"""


def main() -> None:
    """Print the page, section by section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, help="the Python of an environment that has the other tools")
    sections = {
        "beside": beside, "latency": latency, "event_limit": event_limit, "diff": diff, "memory": memory,
        "growth": growth, "start": start, "scale": scale,
    }  # fmt: skip
    parser.add_argument("sections", nargs="*", choices=[[], *sections], metavar="section", help=", ".join(sections))
    given = parser.parse_args()
    versions = machine("dbt-core", "duckdb", "dbt-duckdb", "orjson")
    print(PAGE.format(when=datetime.now(UTC), commit=commit(), machine=versions))
    for name in given.sections or sections:
        module = sections[name]
        print(f"{module.__doc__}\n", flush=True)
        measure = partial(beside.measure, peers=given.peers) if module is beside else module.measure
        measure()
    print(RULED)


if __name__ == "__main__":
    main()
