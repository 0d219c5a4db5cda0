"""A mistake names the file that the block was written in, wherever dbt took it from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration import Commands
from tests.project import dbt_heap

WRONG = {"type": "user_properties", "identity": "user_id", "properties": ["plan"], "nuls": "omit"}
SQL = "select 'ana' as user_id, 'team' as plan"


def block(name: str) -> dict[str, Any]:
    return {"heap": {**WRONG, "name": name, "properties": [name]}}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A project and its package, parsed by dbt, with a wrong block in every place that a block can be in."""
    folder = tmp_path_factory.mktemp("shop")
    project = {
        "name": "shop", "version": "1.0", "profile": "shop", "vars": {"dbt_heap": {"app_id": "123"}},
        "models": {
            "shop": {"marts": {"+meta": block("folder"), "described": {"+meta": block("described")}}},
            "kit": {"from_root": {"+meta": block("from_root")}},
        },
        "seeds": {"shop": {"+meta": block("seed")}},
    }  # fmt: skip
    files = {
        "dbt_project.yml": yaml.safe_dump(project),
        "profiles.yml": "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}",
        "packages.yml": "packages: [{local: kit}]",
        "models/marts/folder.sql": SQL,
        "models/marts/described.sql": SQL,
        "models/marts/in_yaml.sql": SQL,
        "models/in_sql.sql": f"{{{{ config(materialized='view', meta={block('in_sql')}) }}}} {SQL}",
        "models/models.yml": yaml.safe_dump({"models": [
            {"name": "described", "description": "no block here"},
            {"name": "in_yaml", "config": {"meta": block("in_yaml")}},
            {"name": "in_sql", "config": {"meta": block("beaten")}},
        ]}),
        "seeds/seed.csv": "user_id,plan\na,b\n",
        "kit/dbt_project.yml": yaml.safe_dump(
            {"name": "kit", "version": "1.0", "models": {"kit": {"of_kit": {"+meta": block("of_kit")}}}}
        ),
        "kit/models/from_root.sql": SQL,
        "kit/models/of_kit.sql": SQL,
        "kit/models/kit_yaml.sql": SQL,
        "kit/models/kit.yml": yaml.safe_dump({"models": [
            {"name": "from_root", "description": "no block here"},
            {"name": "of_kit", "description": "no block here"},
            {"name": "kit_yaml", "config": {"meta": block("kit_yaml")}},
        ]}),
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    commands = Commands(folder, "")
    commands.run("dbt", "deps", "--quiet")
    commands.run("dbt", "parse", "--quiet", DBT_HEAP_PARSE_CHECK="off")
    return commands


PLACES = {
    "folder": "dbt_project.yml): models.shop.marts.+meta.heap",
    "described": "dbt_project.yml): models.shop.marts.described.+meta.heap",
    "seed": "dbt_project.yml): seeds.shop.+meta.heap",
    "from_root": "dbt_project.yml): models.kit.from_root.+meta.heap",
    "in_yaml": "models/models.yml): meta.heap",
    "in_sql": "models/in_sql.sql): meta.heap",
    "of_kit": "dbt_packages/kit/dbt_project.yml): models.kit.of_kit.+meta.heap",
    "kit_yaml": "dbt_packages/kit/models/kit.yml): meta.heap",
}


def test_mistake_names_the_file_and_key_where_the_block_was_written(shop: Commands) -> None:
    reported = shop.run("dbt-heap", "check", ends_with=2).stderr
    assert {name for name in PLACES if f"  {name} ({PLACES[name]}.nuls: unknown key" not in reported} == set(), reported
    parsed = shop.run("dbt", "parse", "--no-partial-parse").stdout
    assert all(f"{name} ({PLACES[name]}.nuls" in parsed for name in PLACES)


def test_without_a_checkout_both_places_are_named_unless_known(shop: Commands, tmp_path: Path) -> None:
    manifest = shutil.copy(shop.folder / "target" / "manifest.json", tmp_path)
    reported = dbt_heap("ls", "--manifest", str(manifest), "--project-dir", str(tmp_path)).stderr
    assert "described (models/models.yml, or +meta in dbt_project.yml): meta.heap.nuls" in reported
    assert "in_sql (models/in_sql.sql): meta.heap.nuls" in reported
    assert "kit_yaml (kit:models/kit.yml, or +meta in dbt_project.yml): meta.heap.nuls" in reported
    assert "folder (models/marts/folder.sql, or +meta in dbt_project.yml): meta.heap.nuls" in reported


def test_package_that_is_not_installed_is_named_before_its_file(shop: Commands, tmp_path: Path) -> None:
    content = json.loads((shop.folder / "target" / "manifest.json").read_bytes())
    content["nodes"] = {name: node for name, node in content["nodes"].items() if name == "model.kit.kit_yaml"}
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(content))
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    assert "kit_yaml (kit:models/kit.yml): meta.heap.nuls" in dbt_heap("ls", "--project-dir", str(tmp_path)).stderr
