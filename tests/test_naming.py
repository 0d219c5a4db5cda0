"""Naming macros as projects have them: dbt-heap gives every node, and its own state, the name that dbt gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.run_results import named_target
from dbt_heap.warehouse.adapter import open_warehouse
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.targets import Built
from tests.integration import ROOT, Commands
from tests.naming_macros import FALLBACK, MACROS
from tests.warehouses import DuckDB

VARIABLES = {"SHOP_ENV": "blue"}


class Shop(Commands):
    """The project `tests/naming` with packages."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "http://127.0.0.1:9")
        self.environment |= VARIABLES
        shutil.copytree(ROOT / "tests" / "naming", folder)
        packages = [{"local": str(ROOT)}, {"local": "kit"}]
        (folder / "packages.yml").write_text(json.dumps({"packages": packages}))
        (folder / "macros").mkdir(exist_ok=True)
        (folder / "macros" / "own.sql").write_text(
            "{% macro base_schema() %}{{ return('of_' ~ target.schema) }}{% endmacro %}\n"
            "{% macro shop__schema_for(custom_schema_name, node) %}{% endmacro %}\n"
            "{% macro default__schema_for(custom_schema_name, node) %}"
            "{{ return('dispatched_' ~ (custom_schema_name or target.schema)) }}{% endmacro %}"
        )
        self.run("dbt", "deps", "--quiet")

    def name_by(self, body: str | None) -> None:
        """Give the project a macro generate_schema_name, or none of its own."""
        file = self.folder / "macros" / "generate_schema_name.sql"
        file.unlink(missing_ok=True)
        if body is not None:
            file.write_text(f"{{% macro generate_schema_name(custom_schema_name, node) %}}{body}{{% endmacro %}}")

    def opened(self, target: str, **changes: Any) -> Warehouse:
        """The warehouse as dbt-heap opens it."""
        raw = yaml.safe_load((self.folder / "dbt_project.yml").read_text())
        project = DbtProject(raw, self.folder, self.folder, target=target, environ=VARIABLES)
        return open_warehouse(replace(project, **changes))

    def manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "target" / "manifest.json").read_bytes())
        return content

    def built(self) -> Built:
        """What is known of the manifest's target."""
        folder = self.folder / "target"
        manifest = read_manifest(folder / "manifest.json")
        named = named_target(folder / "run_results.json", manifest.invocation_id)
        return Built(manifest.adapter_type, manifest.placed, named.name, named.by_default)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("naming") / "shop")


@pytest.fixture
def empty(shop: Shop) -> Iterator[Shop]:
    """Nothing built yet."""
    yield shop
    for file in shop.folder.glob("shop.duckdb*"):
        file.unlink()
    shutil.rmtree(shop.folder / "target", ignore_errors=True)


@pytest.mark.parametrize(("body", "state_schema"), MACROS.values(), ids=MACROS)
def test_nodes_and_state_are_named_as_dbt_names_them(empty: Shop, body: str | None, state_schema: str) -> None:
    empty.name_by(body)
    empty.run("dbt", "run", "--quiet", "--select", "stg_users", "heap_users")  # its manifest has all nodes
    with empty.opened("dev") as warehouse:
        naming = warehouse.targets.naming("dev")
        assert naming
        nodes = [each for each in empty.manifest()["nodes"].values() if each["resource_type"] != "operation"]
        assert {each["name"] for each in nodes} >= {
            "heap_users",
            "renamed",
            "countries",
            "history",
            "older",
            "from_kit",
        }
        for node in nodes:
            named = naming.place(node)
            assert {each: (node[each] or "").lower() for each in named} == named, node["name"]
        assert warehouse.state_schema("dbt_heap")[0] == state_schema
        assert warehouse.targets.other_than_active(empty.built()) is None
        of_prod = warehouse.targets.naming("prod")
        assert of_prod and any(of_prod.place(node) != naming.place(node) for node in nodes)
    (of_hook,) = DuckDB.sql(_file(empty), "select schema_name from duckdb_tables() where table_name = 'builds'")
    assert of_hook == (state_schema,)
    assert state_schema not in {node["schema"] for node in nodes}


def _file(shop: Shop) -> DuckDB:
    engine = DuckDB(shop.folder)
    engine.file = shop.folder / "shop.duckdb"
    return engine


def test_macro_that_fails_for_the_state_gives_it_the_fallback_and_a_note(shop: Shop) -> None:
    shop.name_by("{{ exceptions.raise_compiler_error('unknown') if node.name == 'dbt_heap_state' else target.schema }}")
    with shop.opened("dev") as warehouse:
        named, note = warehouse.state_schema("dbt_heap")
    assert named == FALLBACK
    assert "generate_schema_name fails for it" in note and FALLBACK in note


def test_aliases_that_name_the_target_identify_it_too(empty: Shop) -> None:
    empty.name_by("everything")
    file = empty.folder / "macros" / "generate_alias_name.sql"
    file.write_text(
        "{% macro generate_alias_name(custom_alias_name, node) %}{{ target.name }}_{{ node.name }}{% endmacro %}"
    )
    empty.run("dbt", "parse", "--quiet", "--target", "prod")
    file.rename(file.with_suffix(".kept"))
    try:
        assert _other(empty, "prod") is None  # dbt's own aliases are the same under every target
        file.with_suffix(".kept").rename(file)
        assert _other(empty, "prod") is None
        assert _other(empty, "dev") == "prod"
    finally:
        file.unlink()


def _other(shop: Shop, active: str) -> str | None:
    """The target that a manifest was built under, by the names of its nodes; None if it is the active one."""
    built = replace(shop.built(), nodes=[each for each in shop.built().nodes if each["package_name"] == "shop"])
    with shop.opened(active) as warehouse:
        other = warehouse.targets.other_than_active(built)
    return other.target if other else None


def test_without_a_checkout_the_manifests_macros_name_nodes_and_state(empty: Shop, tmp_path: Path) -> None:
    empty.name_by("{{ kit.env_name() }}_{{ base_schema() }}_{{ custom_schema_name or 'base' }}")
    empty.run("dbt", "parse", "--quiet")
    manifest = read_manifest(empty.folder / "target" / "manifest.json")
    assert {each["name"] for each in manifest.naming_macros} == {"generate_schema_name", "env_name", "base_schema"}
    raw = {"name": "shop", "version": "1.0", "config-version": 2, "profile": "shop"}
    project = DbtProject(raw, tmp_path, empty.folder, target="dev", environ=VARIABLES)
    with open_warehouse(project, manifest.naming_macros) as warehouse:
        assert warehouse.state_schema("dbt_heap")[0] == "dev_env_of_dbt_me_dbt_heap"
        assert warehouse.targets.other_than_active(Built("duckdb", manifest.placed, None, False)) is None
