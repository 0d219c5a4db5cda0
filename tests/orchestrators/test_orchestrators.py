"""The examples in `examples/` run under the orchestrators themselves: `make orchestrators` installs them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import ROOT, Integration

BIN = Path(sys.executable).parent


def needs(orchestrator: str) -> pytest.MarkDecorator:
    """Skip a test where an orchestrator is not installed."""
    reason = f"NO {orchestrator.upper()} TEST: it has an environment of its own, made and used by `make orchestrators`"
    return pytest.mark.skipif(not (BIN / orchestrator).exists(), reason=reason)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A Heap of this test's own."""
    with running(SandboxOptions()) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path, sandbox: Sandbox) -> Integration:
    """The integration project after day one, known to the orchestrators by DBT_PROJECT_DIR."""
    made = Integration(tmp_path / "project", sandbox.url)
    made.run("dbt", "deps", "--quiet")
    made.build(1)
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    made.environment |= {
        "DBT_PROJECT_DIR": str(made.folder),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",  # seconds, instead of five minutes
        "DAGSTER_HOME": str(home),
    }
    return made


@needs("airflow")
def test_airflow_task_builds_syncs_and_fails_if_a_sync_fails(project: Integration, sandbox: Sandbox) -> None:
    dags = Path(project.environment["AIRFLOW_HOME"]) / "dags"
    shutil.copy(ROOT / "examples" / "airflow_dag.py", dags)
    project.run("airflow", "db", "migrate")
    project.run("airflow", "dags", "test", "dbt_to_heap", "2026-11-26")
    assert {each["status"] for each in project.results().values()} == {"success"}
    assert len(sandbox.users()) > 1_000
    sandbox.refuse(sandbox.users()[0]["identity"])
    project.run("dbt-heap", "state", "reset", "heap_users", "--yes")
    failed = project.run("airflow", "dags", "test", "dbt_to_heap", "2026-11-27", ends_with=None)
    assert "heap_users: 1 row was rejected" in failed.stdout + failed.stderr
    assert project.results()["heap_users"]["status"] == "rejected"


@needs("dagster")
def test_dagster_materializes_each_sync_and_fails_if_one_fails(project: Integration, sandbox: Sandbox) -> None:
    command = ("dagster", "asset", "materialize", "--select", "*", "-f", str(ROOT / "examples" / "dagster_assets.py"))
    ran = project.run(*command)
    assert "heap_users" in ran.stdout + ran.stderr
    assert len(sandbox.users()) > 1_000
    sandbox.refuse(sandbox.users()[0]["identity"])
    project.run("dbt-heap", "state", "reset", "heap_users", "--yes")
    failed = project.run(*command, ends_with=1)
    assert "heap_users: 1 row was rejected" in failed.stdout + failed.stderr
