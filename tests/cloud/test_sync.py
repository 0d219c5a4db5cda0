"""`sync --dbt-cloud`, in a folder that contains only a profile, with artifacts that dbt itself wrote."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dbt_heap.cli.group import group
from dbt_heap.sandbox.server import Sandbox
from tests.cloud.server import JOB, DbtCloud, Reply, Step, step
from tests.project import Outcome, Project
from tests.terminal import run_forked
from tests.warehouse.users import ROWS, USERS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project after `dbt build` and `dbt docs generate`, which have separate target paths."""
    folder = tmp_path_factory.mktemp("shop")
    profile = {"target": "prod", "outputs": {"prod": {"type": "duckdb", "path": str(folder / "shop.duckdb")}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": profile}))
    (folder / "dbt_project.yml").write_text(yaml.safe_dump({"name": "shop", "version": "1.0", "profile": "shop"}))
    (folder / "models").mkdir()
    (folder / "models" / "heap_users.sql").write_text("select 'ana' as user_id, 'team' as plan")
    heap = {"type": "user_properties", "identity": "user_id", "properties": ["plan"]}
    columns = [{"name": "user_id", "data_tests": ["not_null"]}]
    models = [{"name": "heap_users", "config": {"meta": {"heap": heap}}, "columns": columns}]
    (folder / "models" / "heap.yml").write_text(yaml.safe_dump({"models": models}))
    for command in (["build"], ["docs", "generate"]):
        ran = run_forked(["dbt", *command, "--quiet", "--target-path", command[-1]], folder, os.environ)
        assert ran.returncode == 0, ran.stdout
    return folder


def left(folder: Path, command: str) -> Step:
    """Return the artifacts of a command as a step of a run."""
    names = ("manifest.json", "run_results.json")
    return Step(f"Invoke dbt with `dbt {command}`", {name: (folder / command / name).read_bytes() for name in names})


def run(folder: Path, *arguments: str, **environment: str) -> Outcome:
    """Run a command in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ran = CliRunner().invoke(group, arguments, env=environment)
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Outcome(ran.exit_code, ran.stdout, ran.stderr)


def test_dbt_platform_run_is_synced_once_from_an_empty_folder(
    cloud: DbtCloud, shop: Path, heap: Sandbox, tmp_path: Path, known_macros: None
) -> None:
    cloud.add(7, left(shop, "build"), left(shop, "generate"))
    (tmp_path / "profiles.yml").write_bytes((shop / "profiles.yml").read_bytes())
    environment = {**cloud.environment, "HEAP_BASE_URL": heap.url, "HEAP_APP_ID": "11", "DBT_CLOUD_JOB_ID": str(JOB)}
    first = run(tmp_path, "sync", "--dbt-cloud", "--profile", "shop", **environment)
    assert first.exit_code == 0, first.stderr
    assert "using dbt platform run 7 (Success)" in first.stderr
    assert heap.users() == [{"app_id": "11", "identity": "ana", "properties": {"plan": "team"}}]
    kept = tmp_path / "target" / "dbt_cloud" / "7"
    assert json.loads((kept / "run_results.json").read_bytes())["args"]["which"] == "build"
    second = run(tmp_path, "sync", "--dbt-cloud", "--profile", "shop", **environment)
    assert second.exit_code == 0, second.stderr
    assert len(heap.requests()) == 1


NAMED_BY_TARGET = """{% macro generate_schema_name(custom_schema_name, node) %}
    {{ 'marts' if target.name == 'default' else target.schema }}
{% endmacro %}"""


def test_job_may_name_the_target_differently_and_another_job_is_refused(
    project: Project, cloud: DbtCloud, heap: Sandbox
) -> None:
    project.table("heap_users", ROWS, schema="marts")
    project.declare("heap_users", USERS, schema="marts")
    project.nodes["model.shop.heap_users"]["config"]["schema"] = None
    project.write()
    (project.folder / "macros" / "generate_schema_name.sql").write_text(NAMED_BY_TARGET)
    found: dict[str, Any] = json.loads((project.folder / "target" / "manifest.json").read_bytes())
    found["metadata"]["invocation_id"] = "i1"
    built = step("build", ("model.shop.heap_users", "success"))
    artifacts = {**built.artifacts, "manifest.json": json.dumps(found).encode()}
    cloud.add(7, Step(built.name, artifacts))
    cloud.add(8, Step(built.name, artifacts))
    project.environment |= cloud.environment
    cloud.target = "staging"  # a target whose schema is not the one in the manifest
    refused = project.sync("--dbt-cloud", "--dbt-cloud-run-id", "8")
    assert (refused.exit_code, heap.requests()) == (2, [])
    assert "was not built under the active target 'dev' (Heap environment 1234567890)" in refused.stderr
    cloud.target = "default"
    sent = project.sync("--dbt-cloud", "--dbt-cloud-run-id", "7")
    assert (sent.exit_code, len(heap.users())) == (0, 3), sent.stderr


@pytest.fixture
def users(project: Project, cloud: DbtCloud) -> Project:
    """Return a project with three users. Run 7 of the dbt platform built it, and a test failed."""
    project.table("heap_users", ROWS)
    project.declare("heap_users", USERS)
    project.write()
    failed = step("test", ("test.shop.unique_users", "fail"))
    found: dict[str, Any] = json.loads((project.folder / "target" / "manifest.json").read_bytes())
    found["metadata"]["invocation_id"] = "i1"
    found["nodes"]["test.shop.unique_users"] = {
        "resource_type": "test", "name": "unique_users", "depends_on": {"nodes": ["model.shop.heap_users"]},
    }  # fmt: skip
    cloud.add(7, Step(failed.name, {**failed.artifacts, "manifest.json": json.dumps(found).encode()}), status=20)
    project.environment |= cloud.environment
    return project


def test_models_that_failed_in_the_dbt_platform_are_not_sent(users: Project, heap: Sandbox) -> None:
    outcome = users.sync("--dbt-cloud", "--dbt-cloud-run-id", "7")
    assert outcome.exit_code == 1
    assert "a test of its model failed: unique_users" in outcome.stderr
    assert heap.requests() == []
    assert "would not be sent" in users.run("plan", "--dbt-cloud", "--dbt-cloud-run-id", "7").stdout


def test_every_command_that_reads_a_manifest_accepts_a_dbt_platform_run(users: Project) -> None:
    assert users.run("ls", "--output", "name", "--dbt-cloud", DBT_CLOUD_RUN_ID="7").stdout == "heap_users\n"
    checked = users.run("check", "--dbt-cloud", DBT_CLOUD_RUN_ID="7")
    assert (checked.exit_code, "heap_users would not be sent" in checked.stderr) == (1, True)


def test_refusal_by_the_dbt_platform_is_one_sentence(users: Project) -> None:
    outcome = users.sync("--dbt-cloud", "--dbt-cloud-run-id", "8", DBT_CLOUD_API_TOKEN="another")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("Error: dbt platform: run 8: the token in DBT_CLOUD_API_TOKEN is not accepted")
    assert "another\n" not in outcome.stderr


def test_host_of_dbt_platform_that_refuses_connections_is_named_at_once(users: Project) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
    start_sync = time.monotonic()
    outcome = users.sync("--dbt-cloud", "--dbt-cloud-run-id", "7", DBT_CLOUD_HOST=f"http://{host}")
    assert (outcome.exit_code, outcome.stderr) == (
        2, f"Error: dbt platform: run 7: {host} refused the connection. Check --dbt-cloud-host (DBT_CLOUD_HOST)\n"
    )  # fmt: skip
    assert time.monotonic() - start_sync < 30  # shorter than the minute of retries for other failures


@pytest.mark.parametrize("form", ["text", "json"])
def test_retried_request_prints_one_line_on_stderr(users: Project, cloud: DbtCloud, form: str) -> None:
    busy = [Reply(503), Reply(429, headers={"Retry-After": "1"})]
    cloud.hook = lambda _: busy.pop() if busy else None
    said = users.run("ls", "--log-format", form, "--dbt-cloud", DBT_CLOUD_RUN_ID="7").stderr
    host = cloud.url.removeprefix("http://")
    assert f"dbt platform ({host}): status 429; trying again in 1 s" in said
    assert f"dbt platform ({host}): status 503; trying again in " in said
    lines = [line for line in said.splitlines() if "trying again" in line]
    assert [line.startswith("{" if form == "json" else "warning: dbt platform") for line in lines] == [True, True]


def test_flags_without_effect_are_refused(users: Project) -> None:
    outcome = users.run("ls", "--dbt-cloud-run-id", "7")
    assert (outcome.exit_code, "--dbt-cloud-run-id needs --dbt-cloud" in outcome.stderr) == (2, True)
    assert users.run("ls", DBT_CLOUD_RUN_ID="of another tool").exit_code == 0
    outcome = users.run("ls", "--dbt-cloud", "--manifest", "manifest.json", DBT_CLOUD_RUN_ID="7")
    assert (outcome.exit_code, "not both" in outcome.stderr) == (2, True)
