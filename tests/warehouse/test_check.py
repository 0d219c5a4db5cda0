"""`check` answers whether `sync` would run, in the words of sync, and sends nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project
from tests.warehouse.orders import ORDERS
from tests.warehouse.users import ROWS, USERS
from tests.warehouses import on_every_engine

GENERATED_AT = "2026-11-25T12:00:00.000000Z"


@pytest.fixture
def synced(users: Project, heap: Sandbox) -> Project:
    """Three users, synced once."""
    users.metadata["generated_at"] = GENERATED_AT
    assert users.sync().exit_code == 0
    heap.reset()
    return users


def renamed(project: Project) -> None:
    del project.nodes["model.shop.heap_users"]
    project.table("heap_people", ROWS)
    project.declare("heap_people", USERS)


def moved(project: Project) -> None:
    project.table("heap_users", ROWS, schema="moved")
    project.declare("heap_users", USERS, schema="moved")


def rekeyed(project: Project) -> None:
    project.table("heap_users", f"select t.*, user_id || '@example.org' as email from ({ROWS}) as t")
    project.declare("heap_users", {**USERS, "identity": "email"})


def retyped(project: Project) -> None:
    project.declare("heap_users", {**ORDERS, "identity": "user_id", "unique_key": "user_id", "timestamp": "seen_at"})
    project.table("heap_users", f"select t.*, current_timestamp as seen_at, 1 as total from ({ROWS}) as t")
    project.nodes["model.shop.heap_users"]["config"]["meta"]["heap"]["properties"] = ["seats"]


REFUSED: dict[str, Callable[[Project], None]] = {
    "another name": renamed, "another relation": moved, "another key": rekeyed, "another type": retyped,
}  # fmt: skip


@on_every_engine
@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_check_refuses_what_sync_refuses_in_the_same_words(
    synced: Project, heap: Sandbox, change: Callable[[Project], None]
) -> None:
    change(synced)
    checked = synced.run("check")
    assert (checked.exit_code, checked.stdout) == (2, "1 sync in 1 model: `sync` would stop\n")
    (why,) = [line for line in checked.stderr.splitlines() if "dbt-heap" in line and "·" not in line][-1:]
    ran = synced.sync()
    assert ran.exit_code in (1, 2)
    assert why in ran.stderr.splitlines()
    assert heap.requests() == []


def test_check_without_anything_to_fix_says_so(synced: Project, orders: Project) -> None:
    checked = synced.run("check")
    assert (checked.exit_code, checked.stdout) == (0, "2 syncs in 2 models: OK\n")


def test_missing_environment_id_is_only_a_warning_in_check(users: Project) -> None:
    users.vars = {"app_ids": {"prod": "1"}}
    checked = users.run("check")
    assert checked.exit_code == 0
    assert "warning: `sync` would stop at heap_users" in checked.stderr and "Account > Manage" in checked.stderr
    assert users.run("check", "--warn-error").exit_code == 2
    assert users.sync().exit_code == 2


def test_everything_wrong_is_reported_at_once(synced: Project, orders: Project) -> None:
    rekeyed(synced)
    orders.sql("alter table heap_orders drop total")
    synced.table("t", "select 1 as x", schema=synced.state_schema)
    checked = synced.run("check")
    assert checked.exit_code == 2
    assert "its key changed from user_id to email" in checked.stderr
    assert "heap_orders" in checked.stderr and "total" in checked.stderr
    assert "contains tables that are not dbt-heap's (t)" in checked.stderr


def test_yaml_that_is_newer_than_the_manifest_is_named(synced: Project) -> None:
    folder = synced.folder / "models" / "marts"
    folder.mkdir(parents=True)
    file = folder / "heap.yml"
    file.write_text("models: [{name: heap_users, config: {meta: {heap: {type: events}}}}]")
    (folder / "other.yml").write_text("models: [{name: other}]")
    said = synced.run("check").stderr
    assert "models/marts/heap.yml is newer than" in said and "Run `dbt parse`" in said and "other.yml" not in said
    os.utime(file, (time.time(), 0))  # before the manifest
    assert "dbt parse" not in synced.run("check").stderr
    os.utime(file)
    manifest = str(synced.folder / "target" / "manifest.json")
    assert "dbt parse" not in synced.run("check", "--manifest", manifest).stderr  # a checkout has new times


MISPLACED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an exposure": ("exposures", {"resource_type": "exposure", "meta": {"heap": USERS}}, "exposure x: `meta.heap`"),
    "a semantic model": (
        "semantic_models", {"resource_type": "semantic_model", "config": {"meta": {"heap": USERS}}},
        "semantic model x: `meta.heap`",
    ),
    "a metric": ("metrics", {"resource_type": "metric", "meta": {"heap": USERS}}, "metric x: `meta.heap`"),
    "a test": ("nodes", {"resource_type": "test", "config": {"meta": {"heap": USERS}}}, "test x: `meta.heap`"),
    "a config of its own": ("nodes", {"resource_type": "model", "config": {"heap": USERS}}, "model x: `config.heap`"),
    "another case": ("nodes", {"resource_type": "seed", "config": {"meta": {"Heap": USERS}}}, "seed x: `meta.Heap`"),
    "the tool's name": ("nodes", {"resource_type": "model", "meta": {"dbt_heap": USERS}}, "model x: `meta.dbt_heap`"),
    "a column": (
        "nodes", {"resource_type": "model", "columns": {"plan": {"name": "plan", "config": {"meta": {"HEAP": True}}}}},
        "model x: column plan: `meta.HEAP`",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("group", "node", "says"), MISPLACED.values(), ids=MISPLACED)
def test_misplaced_block_is_reported_with_the_right_place(
    synced: Project, group: str, node: dict[str, Any], says: str
) -> None:
    synced.write()
    path = synced.folder / "target" / "manifest.json"
    content = json.loads(path.read_bytes())
    content.setdefault(group, {})[f"{node['resource_type']}.shop.x"] = {
        "name": "x", "package_name": "shop", "original_file_path": "models/x.yml", **node,
    }  # fmt: skip
    synced.manifest_text = json.dumps(content)
    said = synced.run("check").stderr
    assert f"models/x.yml: {says} is not read" in said
    assert "Move it to" in said or "Rename it to `heap`" in said


def test_sync_that_no_model_declares_any_more_is_reported(synced: Project, orders: Project) -> None:
    del synced.nodes["model.shop.heap_users"]
    checked = synced.run("check")
    assert checked.exit_code == 0
    assert "heap_users was synced before, but no model declares it now" in checked.stderr
    assert "dbt-heap state reset heap_users" in checked.stderr


# The state's schema


def test_table_of_others_is_refused_before_the_first_sync_and_a_warning_later(users: Project, heap: Sandbox) -> None:
    users.table("theirs", "select 1 as x", schema=users.state_schema)
    assert "contains tables that are not dbt-heap's (theirs)" in users.sync().stderr
    assert (users.sync().exit_code, heap.requests()) == (2, [])
    users.sql(f"drop table {users.state_schema}.theirs")
    assert users.sync().exit_code == 0
    users.table("theirs", "select 1 as x", schema=users.state_schema)
    later = users.sync()
    assert later.exit_code == 0
    assert "warning: the schema" in later.stderr and "(theirs)" in later.stderr
    assert users.sync("--warn-error").exit_code == 2


def test_schema_that_the_project_does_not_name_is_reported_once(users: Project, heap: Sandbox) -> None:
    (users.folder / "macros").mkdir()
    (users.folder / "macros" / "names.sql").write_text(
        "{% macro generate_schema_name(custom_schema_name, node) %}{{ target.schema }}{% endmacro %}"
    )
    first = users.sync()
    assert first.exit_code == 0
    assert first.stderr.count("gives it no schema of its own") == 1
    assert "sync_log" in users.state_tables()  # in the schema of the target with `_dbt_heap` behind it
    assert "no schema of its own" not in users.sync().stderr


# The context


def test_commands_begin_with_the_line_of_their_context(users: Project) -> None:
    users.metadata["generated_at"] = GENERATED_AT
    for command in ("plan", "show", "check", "runs", "rejects", "sync", "report"):
        first = users.run(command).stderr.splitlines()[0]
        assert first.startswith("shop · target dev · Heap environment 1234567890 at 127.0.0.1:"), command
        assert "manifest.json (" in first and first.endswith(" old)")
    elsewhere = users.run("plan", HEAP_BASE_URL="").stderr.splitlines()[0]
    assert "Heap environment 1234567890 at heapanalytics.com" in elsewhere
    assert users.run("plan", "--quiet").stderr == ""


def test_output_for_programs_has_the_context_as_fields(users: Project) -> None:
    users.metadata["generated_at"] = GENERATED_AT
    (plan,) = users.run("plan", "--output", "json").json()
    assert (plan["project"], plan["target"], plan["manifest_generated_at"]) == ("shop", "dev", GENERATED_AT)
    (environment,) = plan["heap_environments"]
    assert environment["app_id"] == "1234567890" and environment["host"].startswith("127.0.0.1:")
    assert users.sync().exit_code == 0
    results = json.loads((users.folder / "target" / "heap_results.json").read_bytes())
    assert (results["project"], results["target"], results["manifest_generated_at"]) == ("shop", "dev", GENERATED_AT)
    (run,) = users.run("runs", "--output", "json").json()
    assert (run["project"], run["target"], run["sync"], run["status"]) == ("shop", "dev", "heap_users", "success")
