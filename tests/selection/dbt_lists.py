"""List what `dbt ls` selects for each selection in a JSON file, after building, changing and parsing this project.

Run it in the project's folder. One start of dbt serves all selections. The result is written next to the file.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

RESOURCES = ("--resource-type", "model", "seed", "snapshot", "source")
NEVER = "2000-01-01T00:00:00Z"


def earlier() -> None:
    """Write artifacts of a partly failed build and of older source freshness to `earlier`."""
    for command in ("deps", "build --select fqn:*", "source freshness --select source:*"):
        dbtRunner().invoke([*command.split(), "--quiet"])
    shutil.copytree("target", "earlier")
    file = Path("earlier", "sources.json")
    found = json.loads(file.read_bytes())
    (loaded,) = (each for each in found["results"] if each["unique_id"].endswith(".loaded"))
    loaded["max_loaded_at"] = NEVER
    file.write_text(json.dumps(found))


def listed(dbt: dbtRunner, selection: list[str]) -> list[str] | None:
    """Return unique IDs, or None if dbt refuses."""
    ran = dbt.invoke(["ls", "--quiet", *RESOURCES, "--output", "json", "--output-keys", "unique_id", *selection])
    return [json.loads(line)["unique_id"] for line in ran.result] if ran.success else None  # type: ignore[union-attr]


def main() -> None:
    """Build, copy the folder `later` over the project, and list."""
    later, asked = map(Path, sys.argv[1:])
    earlier()
    shutil.copytree(later, ".", dirs_exist_ok=True)
    os.environ["SCHEMA_OF_THE_DAY"] = "another"
    manifest = dbtRunner().invoke(["parse", "--quiet"]).result
    assert isinstance(manifest, Manifest)
    dbt = dbtRunner(manifest=manifest)
    found = [listed(dbt, selection) for selection in json.loads(asked.read_bytes())]
    asked.with_name("found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
