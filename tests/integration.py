"""A copy of the integration project, built by dbt and synced from the command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.terminal import PROGRAMS, run_forked

ROOT = Path(__file__).parents[1]
HERE = ROOT / "integration_tests"
NOT_COPIED = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.duckdb*", "__pycache__", "*.py", "*.sh")


class Commands:
    """Commands of dbt and dbt-heap in a project's folder."""

    def __init__(self, folder: Path, heap_url: str) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
        self.environment = kept | {"PATH": path, "HEAP_BASE_URL": heap_url, "DBT_PROFILES_DIR": str(folder)}

    def run(
        self, *command: str, ends_with: int | None = 0, stdin: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder. Fail if its exit code is not `ends_with`."""
        settings = self.environment | environment
        if command[0] in PROGRAMS:
            ran = run_forked(command, self.folder, settings, stdin)
        else:
            ran = subprocess.run(
                command, cwd=self.folder, env=settings, input=stdin, capture_output=True, text=True, check=False
            )
        assert ends_with in (None, ran.returncode), f"{command}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran


class Integration(Commands):
    """A copy of `integration_tests` that uses this repository as its package, on DuckDB or the given warehouse."""

    def __init__(self, folder: Path, heap_url: str, output: Mapping[str, Any] | None = None) -> None:
        super().__init__(folder, heap_url)
        shutil.copytree(HERE, folder, ignore=NOT_COPIED, dirs_exist_ok=True)
        if output:
            target = {"target": output["type"], "outputs": {output["type"]: {**output, "schema": "analytics"}}}
            (folder / "profiles.yml").write_text(json.dumps({"dbt_heap_integration_tests": target}))
        (folder / "packages.yml").write_text(f"packages:\n  - local: {json.dumps(str(ROOT))}\n")

    def build(self, day: int) -> None:
        """Build one day's export."""
        self.run("dbt", "build", "--quiet", "--vars", f"day: {day}")

    def results(self) -> dict[str, Any]:
        """Return the syncs of the last heap_results.json by name."""
        found = json.loads((self.folder / "target" / "heap_results.json").read_bytes())
        return {each["name"]: each for each in found["syncs"]}
