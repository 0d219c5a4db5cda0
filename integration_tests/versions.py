"""Build and sync a project that uses what a dbt version introduced: `versions.py FOLDER COPY`.

Run it with the Python of an environment that has this dbt and dbt-heap. FOLDER is one of tests/versions; the script
copies the project to COPY. dbt and dbt-heap must use the same target, variables and Environment ID: the model selects
what dbt sees, and the sandbox shows where its row went. `--record` writes the artifacts into FOLDER, for tests in
environments without this dbt.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running

ARTIFACTS = ("manifest.json", "run_results.json")
KEPT = ("metadata", "nodes", "sources", "exposures", "parent_map", "child_map")  # of a manifest; macros are most of it


def main() -> None:
    """Build, check, sync and select; exit with a message at the first difference."""
    folder, copy = Path(sys.argv[1]), Path(sys.argv[2])
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_bytes())
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*ARTIFACTS))
    target_path = copy / expected.get("target_path", "target")
    with running(SandboxOptions(rate_limits=False)) as heap:
        project = _Project(copy, {**expected["environment"], "HEAP_BASE_URL": heap.url})
        project.run("dbt", "build")
        if "--record" in sys.argv:
            _record(target_path, folder, copy)
        _agree(project, heap, expected, target_path)


class _Project:
    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
        self.folder, self.environment = folder, {**kept, **environment}

    def run(self, program: str, *arguments: str, code: int = 0) -> str:
        """Run a program of this environment in the project, and return its stdout."""
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        ran = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if ran.returncode != code:
            sys.exit(f"{program} {' '.join(arguments)} exited with {ran.returncode}:\n{ran.stdout}{ran.stderr}")
        return ran.stdout


def _agree(project: _Project, heap: Sandbox, expected: dict[str, Any], target_path: Path) -> None:
    project.run("dbt-heap", "check")
    project.run("dbt-heap", "plan", "--check", code=3)
    project.run("dbt-heap", "sync")
    _same("what Heap holds", heap.users(), expected["users"])
    project.run("dbt-heap", "plan", "--check")
    _same(
        "the results' target",
        json.loads((target_path / "heap_results.json").read_bytes())["target"],
        expected["target"],
    )
    for selection, found in expected["selected"].items():
        listed = project.run("dbt-heap", "ls", "--output", "name", "--select", selection).split()
        by_dbt = project.run("dbt", "--quiet", "ls", "--resource-type", "model", "--select", selection).split()
        _same(f"--select {selection}", (bool(listed), bool(by_dbt)), (found, found))
    if never := expected.get("never_sent"):
        people = project.folder / "models" / "crm.yml"
        people.write_text(people.read_text().replace("{Plan: plan", f"{{Plan: plan, {never}: {never}"))
        project.run("dbt", "parse")
        project.run("dbt-heap", "check", code=2)


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        sys.exit(f"{what}: {found} instead of {expected}")


def _record(target_path: Path, folder: Path, copy: Path) -> None:
    """Write the artifacts without macros and without this machine's paths."""
    for name in ARTIFACTS:
        content = json.loads((target_path / name).read_text().replace(str(copy.resolve()), "/shop"))
        if name == "manifest.json":
            content = {key: value if key in KEPT else {} for key, value in content.items()}
            del content["metadata"]["user_id"]
            for node in content["nodes"].values():
                node["depends_on"]["macros"] = []
        if "args" in content:
            content["args"] = {key: content["args"][key] for key in ("which", "target") if key in content["args"]}
        (folder / name).write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
