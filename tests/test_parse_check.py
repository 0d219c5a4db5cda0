"""dbt itself tells what is wrong with the declarations, when it parses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration import Commands

MODEL = """
models:
  - name: users
    config: {meta: {heap: {type: user_properties, identity: user_id, properties: [seats], nulls: never}}}
"""
MISTAKE = "users (models/models.yml): meta.heap.nulls: must be 'omit' or 'blank', not 'never'"
DBT = "from dbt.cli.main import cli; cli(['parse'])"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A project with one mistake."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "models").mkdir()
    (folder / "models" / "models.yml").write_text(MODEL)
    (folder / "models" / "users.sql").write_text("select 'a' as user_id, 1 as seats")
    (folder / "profiles.yml").write_text("shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}")
    declare(folder, "vars: {dbt_heap: {app_id: '123'}}")
    return Commands(folder, "")


def declare(folder: Path, block: str) -> None:
    """Write the project file."""
    (folder / "dbt_project.yml").write_text(f"name: shop\nversion: '1.0'\nprofile: shop\n{block}\n")


def test_mistake_is_a_dbt_warning(shop: Commands) -> None:
    assert f"dbt-heap: 1 mistake in the declarations:\n  {MISTAKE}" in shop.run("dbt", "parse").stdout
    assert MISTAKE in shop.run("dbt", "run").stdout


def test_mistake_stops_dbt_if_the_variable_says_so(shop: Commands) -> None:
    assert MISTAKE in shop.run("dbt", "run", ends_with=2, DBT_HEAP_PARSE_CHECK="error").stdout
    assert MISTAKE in shop.run("dbt", "--warn-error", "parse", ends_with=2).stdout


def test_it_is_silent_when_switched_off(shop: Commands) -> None:
    assert "dbt-heap" not in shop.run("dbt", "--warn-error", "parse", DBT_HEAP_PARSE_CHECK="off").stdout


def test_mistake_in_the_projects_own_block_is_reported(shop: Commands) -> None:
    declare(shop.folder, "vars: {dbt_heap: {app_idd: '123'}}")
    assert "vars.dbt_heap.app_idd" in shop.run("dbt", "parse").stdout
    declare(shop.folder, "vars: {dbt_heap: {app_id: '123'}}")


@pytest.mark.parametrize(
    "broken",
    [
        "import sys; sys.modules['dbt_heap.syncs.declare'] = None",
        "import dbt_heap.syncs.dbt_plugin; dbt_heap.syncs.dbt_plugin.read_project = lambda *_: 1 / 0",
    ],
    ids=["it cannot be loaded", "it has a mistake of its own"],
)
def test_it_never_stops_dbt_by_failing_itself(shop: Commands, broken: str) -> None:
    ran = shop.run(sys.executable, "-c", f"{broken}; {DBT}", DBT_HEAP_PARSE_CHECK="error")
    assert ("could not be checked (ZeroDivisionError)" in ran.stdout) == ("read_project" in broken)
