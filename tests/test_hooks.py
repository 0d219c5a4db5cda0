"""The hooks of the dbt package, run by dbt itself, and `sync --built`, which goes by what they wrote down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import duckdb
import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import ROOT, Commands

TWICE = "true union all select 'a', 2"


@pytest.fixture(scope="module")
def heap() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, heap: Sandbox) -> Commands:
    """The project `tests/hooks`, built once before dbt-heap has ever run."""
    folder = tmp_path_factory.mktemp("hooks") / "shop"
    shutil.copytree(ROOT / "tests" / "hooks", folder)
    (folder / "packages.yml").write_text(f"packages: [{{local: {json.dumps(str(ROOT))}}}]")
    commands = Commands(folder, heap.url)
    commands.run("dbt", "deps", "--quiet")
    commands.run("dbt", "build", "--quiet")
    return commands


def builds(shop: Commands) -> list[tuple[str, str, str | None]]:
    """What is on record of tagged models, by model."""
    with duckdb.connect(str(shop.folder / "shop.duckdb")) as warehouse:
        told = (
            "select split_part(model, '.', 3), status, failed_tests from main_heap.builds order by recorded_at, model"
        )
        return warehouse.execute(told).fetchall()


def synced(shop: Commands) -> dict[str, str]:
    """How each sync of the last run ended."""
    found = json.loads((shop.folder / "target" / "heap_results.json").read_bytes())
    return {each["name"]: each["status"] for each in found["syncs"]} | dict.fromkeys(found["up_to_date"], "up to date")


def test_a_first_run_of_dbt_records_the_tagged_models_alone(shop: Commands) -> None:
    assert builds(shop) == [("accounts", "built", ""), ("users", "built", "")]


def test_what_was_built_is_synced_once(shop: Commands) -> None:
    shop.run("dbt-heap", "sync", "--built")
    assert synced(shop) == {"users": "success", "accounts": "success"}
    shop.run("dbt-heap", "sync", "--built")
    assert synced(shop) == {"users": "up to date", "accounts": "up to date"}


def test_what_dbt_only_compiles_is_no_build(shop: Commands) -> None:
    before = builds(shop)
    shop.run("dbt", "compile", "--quiet")
    shop.run("dbt", "docs", "generate", "--quiet")
    assert builds(shop) == before


def test_only_what_was_built_since_is_synced_again(shop: Commands) -> None:
    shop.run("dbt", "run", "--quiet", "--select", "users", "untagged")
    assert builds(shop)[2:] == [("users", "built", None), ("users", "built", "")]
    shop.run("dbt-heap", "sync", "--built")
    assert synced(shop) == {"users": "success", "accounts": "up to date"}


def test_what_failed_its_tests_waits_until_it_passes_them_or_is_sent_all_the_same(shop: Commands) -> None:
    shop.run("dbt", "build", "--quiet", "--vars", json.dumps({"where": TWICE}), ends_with=1)
    (shop.folder / "target" / "run_results.json").unlink()  # another machine's
    ran = shop.run("dbt-heap", "sync", "--built", ends_with=1)
    assert synced(shop) == {"users": "gated", "accounts": "success"}
    assert ran.stderr.splitlines()[-1].startswith("users: a test of its model failed: unique_users_user_id.")
    shop.run("dbt-heap", "sync", "--built", "--no-gate", ends_with=1)
    assert synced(shop) == {"users": "rejected", "accounts": "up to date"}  # one key twice, as the test said


def test_what_could_not_be_built_waits_for_a_better_build(shop: Commands) -> None:
    shop.run("dbt", "run", "--quiet", "--select", "users")
    shop.run("dbt", "run", "--quiet", "--vars", "where: no_such_column", ends_with=1)
    assert builds(shop)[-1] == ("users", "failed", "")
    ran = shop.run("dbt-heap", "sync", "--built", ends_with=1)
    assert ran.stderr.splitlines()[-1].startswith("users: its last build failed.")
    shop.run("dbt", "build", "--quiet")
    shop.run("dbt-heap", "sync", "--built")
    assert synced(shop) == {"users": "success", "accounts": "success"}


def test_a_project_without_the_hooks_is_told_of_them(shop: Commands) -> None:
    with duckdb.connect(str(shop.folder / "shop.duckdb")) as warehouse:
        warehouse.execute("delete from main_heap.builds")
    ran = shop.run("dbt-heap", "sync", "--built", ends_with=2)
    assert "main_heap.builds holds no build" in ran.stderr and "record_run" in ran.stderr
