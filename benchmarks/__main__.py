"""All benchmarks, or those that are named, as the page docs/explanation/benchmarks.md.

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

```
make bench
```

measures on your machine what stands here, writes this page, and takes an hour or two. Ratios are between contenders
that took turns in one run, and times are medians. Heap is a server that takes every request at once, unless something
else is said: what is measured is dbt-heap and the warehouse, not Heap's patience or its limits.

Measured on {when:%Y-%m-%d}, of commit {commit}: {machine}.
"""

RULED = """## What rules the time

A profile of a first sync on DuckDB (cProfile, and the times of its steps in `sync_log`): most is the start, which
imports dbt and its adapter and reads dbt's macros. Then comes the delivery, in which DuckDB writes the records as JSON,
a page ahead of the threads that post them; the diff into the outbox takes half as long, and the fold half of the
diff. Python touches no value of a row there. In other warehouses it writes the records, which is most of a delivery to
a Heap that answers at once.

From there on Heap rules: by its limit of 15,000 events a minute, and by the time that it takes to answer.
"""


def main() -> None:
    """Prints the page, section by section."""
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
