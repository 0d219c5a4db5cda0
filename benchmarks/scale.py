"""## Spark on one machine

Ten million users on Spark in local mode, with 10 GB for its driver: a first sync, then plans and syncs after one row in
a hundred changed and after nothing changed. One run each.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import table, timed
from benchmarks.sink import sink
from benchmarks.users import build, project_of_users


def measure(rows: int = 10_000_000, memory: str = "10g") -> None:
    """Print how long each takes, and the peak memory of Java."""
    os.environ["PYSPARK_SUBMIT_ARGS"] = f"--driver-memory {memory} pyspark-shell"
    from tests.spark import Spark, spark_session  # needs Java, and the variable above

    with (
        TemporaryDirectory(prefix="dbt-heap-") as folder,
        sink() as url,
        spark_session(cores=os.cpu_count() or 1, in_full=True) as session,
    ):
        project = project_of_users(Path(folder), url, Spark(session))
        build(project, rows)
        seconds = {"a first sync": timed(lambda: project.sync("--first-sync"))}
        seconds["a plan, nothing changed"] = timed(lambda: project.run("plan"))
        build(project, rows, grown="case when id % 100 = 0 then 1 else 0 end")
        seconds["a plan, 1% changed"] = timed(lambda: project.run("plan"))
        seconds["a sync, 1% changed"] = timed(project.sync)
        seconds["a sync, nothing changed"] = timed(project.sync)
        table(("what", "time"), [(what, f"{took:.0f} s") for what, took in seconds.items()])
        print(f"Java took {_most_of_java():.1f} GB at most.\n")


def _most_of_java() -> float:
    """Return the peak memory of a Java process in gigabytes."""
    most = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # it ended
            continue
        if lines["Name"].strip() == "java" and "VmHWM" in lines:
            most = max(most, int(lines["VmHWM"].split()[0]) / 2**20)
    return most
