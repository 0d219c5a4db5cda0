"""Millions of users, of whom some change: how long plan and sync take on one machine, and how much memory.

python -m benchmarks.scale duckdb --rows 10000000
python -m benchmarks.scale spark --rows 10000000 --memory 10g
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sink import sink
from tests.project import Outcome, Project
from tests.warehouses import DuckDB, Engine

USERS = """
select
    concat('user_', cast(id as string)) as user_id,
    case id % 4 when 0 then 'free' when 1 then 'team' when 2 then 'pro' else 'enterprise' end as plan,
    cast(id % 97 + {grown} as int) as seats,
    cast(id % 100000 as decimal(12, 2)) as ltv,
    concat('City ', cast(id % 5000 as string)) as city,
    cast(concat('2026-01-', lpad(cast(id % 28 + 1 as string), 2, '0'), ' 12:00:00') as timestamp) as signed_up_at,
    id % 50 = 0 as is_admin
from range({rows}) as numbers{columns}
"""
PROPERTIES = ["plan", "seats", "ltv", "city", "signed_up_at", "is_admin"]


@contextmanager
def warehouse(name: str, folder: Path, memory: str) -> Iterator[Engine]:
    """An empty one; Spark in a session of this process, which may have so much memory."""
    if name == "duckdb":
        engine = DuckDB(folder)
        engine.output["settings"] = {"memory_limit": memory.upper() + "B"}
        yield engine
        return
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-memory {memory} pyspark-shell"
    from tests.spark import Spark, spark_session  # needs Java

    with spark_session(cores=os.cpu_count() or 1, in_full=True) as session:
        yield Spark(session)


def build(project: Project, rows: int, *, changed_one_in: int | None = None) -> None:
    """The model, with some rows changed or none."""
    grown = f"(case when id % {changed_one_in} = 0 then 1 else 0 end)" if changed_one_in else "0"
    columns = "(id)" if project.engine.adapter_type == "duckdb" else ""
    select = USERS.format(rows=rows, grown=grown, columns=columns)
    project.engine.build(project.engine.default_schema, "heap_users", select)


def timed(what: str, project: Project, *command: str, ends_with: int = 0) -> None:
    """Runs a command, and prints how long it took and how much memory had been taken by then."""
    began = time.monotonic()
    outcome: Outcome = project.run(*command)
    seconds = time.monotonic() - began
    if outcome.exit_code != ends_with:
        sys.exit(f"{what} ended with {outcome.exit_code}: {outcome.stderr}")
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"| {what} | {seconds:,.1f} s | {here:.1f} GB{_of_java()} |", flush=True)


def _of_java() -> str:
    """The most memory that a Java process of ours has taken, in words."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # it ended
            continue
        if lines["Name"].strip() == "java" and "VmHWM" in lines:
            return f", Java {int(lines['VmHWM'].split()[0]) / 2**20:.1f} GB"
    return ""


def main() -> None:
    """Builds, syncs, changes, plans, syncs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("warehouse", choices=["duckdb", "spark"])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--changed-one-in", type=int, default=100)
    parser.add_argument("--memory", default="8g", help="what DuckDB or Spark may take")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="dbt-heap-") as folder,
        sink() as url,
        warehouse(given.warehouse, Path(folder), given.memory) as engine,
    ):
        project = Project(Path(folder), url, engine)
        project.declare("heap_users", {"type": "user_properties", "identity": "user_id", "properties": PROPERTIES})
        print(f"{given.rows:,} users of {len(PROPERTIES)} properties on {given.warehouse}, {os.cpu_count()} cores, "
              f"{platform.machine()}, Python {platform.python_version()}\n")  # fmt: skip
        print("| what | time | most memory until then |\n|---|---|---|")
        build(project, given.rows)
        timed("a first sync", project, "sync", "--first-sync")
        timed("a plan, nothing changed", project, "plan", "--check")
        build(project, given.rows, changed_one_in=given.changed_one_in)
        changed = f"1 row in {given.changed_one_in} changed"
        timed(f"a plan, {changed}", project, "plan", "--check", ends_with=3)
        timed(f"a sync, {changed}", project, "sync")
        timed("a sync, nothing changed", project, "sync")


if __name__ == "__main__":
    main()
