"""`integration_tests/run.sh <target>`: every command of both days ends with the expected exit code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration import HERE, Integration
from tests.warehouses import IN_FULL, Engine


def given(target: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the environment variables that profiles.yml needs for this test's server."""
    if target in ("duckdb", "spark"):
        return {}
    made: Engine = request.getfixturevalue(target)()
    return {f"{target}_{'database' if key == 'dbname' else key}".upper(): str(made.output[key]) for key in made.output}


@pytest.mark.parametrize("target", ["duckdb", "postgres", "snowflake", "spark"] if IN_FULL else ["duckdb"])
def test_two_days_on_a_warehouse(target: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    project = Integration(tmp_path, "")  # no HEAP_BASE_URL: it starts a sandbox of its own
    shutil.copy(HERE / "run.sh", tmp_path)
    ran = project.run("bash", "run.sh", target, **given(target, request))
    assert ran.stdout.count("+ dbt-heap sync") == 3, ran.stdout
