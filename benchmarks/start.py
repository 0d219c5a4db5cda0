"""## Start

A project has many models, and one in fifty is synced. The table compares `dbt-heap ls` with `dbt ls`, which has a warm
partial parse. dbt imports every module named `dbt_*`, so the time to import dbt-heap matters too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring import by_turns, command, table
from tests.warehouses import DuckDB

PROJECT = """
name: large
version: '1.0'
profile: large
vars: {dbt_heap: {app_id: '1'}}
flags: {send_anonymous_usage_stats: false}
"""
PROFILES = "large: {{target: dev, outputs: {{dev: {{type: duckdb, path: '{path}'}}}}}}\n"
SQL = "select 1 as user_id, 'free' as plan\n-- {filler}\n"
FILLER = "what a model of some size holds, in words that say nothing; " * 145
BLOCK = """
      config: {{meta: {{heap: {{type: user_properties, identity: user_id, properties: {{"Plan {number}": plan}}}}}}}}"""
IMPORTS = "import sys, time; began = time.perf_counter(); import dbt_heap; print(time.perf_counter() - began)"


def measure(models: int = 10_000, runs: int = 3) -> None:
    """Print seconds and memory of both, and the milliseconds of an import."""
    with TemporaryDirectory(prefix="dbt-heap-") as name:
        folder = Path(name)
        _write(folder, models)
        dbt = Path(sys.executable).with_name("dbt")
        words = ("--project-dir", name, "--profiles-dir", name)
        command(dbt, "parse", *words, folder=folder)()
        size = (folder / "target" / "manifest.json").stat().st_size / 2**20
        ours = command(sys.executable, "-m", "dbt_heap", "ls", *words, folder=folder)
        most = ours()
        seconds = by_turns({"dbt-heap ls": ours, "dbt ls": command(dbt, "--quiet", "ls", *words, folder=folder)}, runs)
    milliseconds = 1_000 * min(float(subprocess.check_output([sys.executable, "-c", IMPORTS])) for _ in range(5))
    times = seconds["dbt ls"] / seconds["dbt-heap ls"]
    table(("what", "time"), [(name, f"{took:.2f} s") for name, took in seconds.items()])
    print(
        f"{models:,} models, a manifest of {size:.0f} MB: `dbt-heap ls` is {times:.1f} times as fast and takes "
        f"{most:.0f} MB, {most / size:.1f} times the file. `import dbt_heap` takes {milliseconds:.1f} ms.\n"
    )


def _write(folder: Path, models: int) -> None:
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILES.format(path=DuckDB(folder).file))
    (folder / "models").mkdir()
    listed = ["models:"]
    for number in range(models):
        (folder / "models" / f"model_{number}.sql").write_text(SQL.format(filler=FILLER))
        listed.append(f"    - name: model_{number}{BLOCK.format(number=number) if number % 50 == 0 else ''}")
    (folder / "models" / "models.yml").write_text("\n".join(listed) + "\n")
