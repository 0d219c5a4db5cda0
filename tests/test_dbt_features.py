"""What dbt can make of a model, built by dbt itself: each kind that has rows is synced under the name people know."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import duckdb
import pytest

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import ROOT, Commands

KINDS = ["table", "view", "incremental", "alias", "package", "seed", "snapshot", "source", "version"]


@pytest.fixture(scope="module")
def heap() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, heap: Sandbox) -> Commands:
    """The project `tests/features`, built; dbt-heap is not among its packages."""
    folder = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(ROOT / "tests" / "features", folder)
    with duckdb.connect(str(folder / "shop.duckdb")) as warehouse:
        warehouse.execute("create table loaded as select 'source' as user_id, 1 as in_source")
    commands = Commands(folder, heap.url)
    commands.run("dbt", "deps", "--quiet")
    commands.run("dbt", "build", "--quiet")
    return commands


def test_every_kind_that_has_rows_is_synced_through_the_projects_own_macros(shop: Commands, heap: Sandbox) -> None:
    shop.run("dbt-heap", "sync")
    found = {next(iter(user["properties"])): (user["identity"], user["properties"]) for user in heap.users()}
    who = {kind: "VERSION 2" if kind == "version" else kind.upper() for kind in KINDS}
    assert found == {f"in_{kind}": (who[kind], {f"in_{kind}": 1}) for kind in KINDS}
    with duckdb.connect(str(shop.folder / "shop.duckdb")) as warehouse:
        (schemas,) = warehouse.execute("select list(distinct schema_name) from duckdb_tables()").fetchall()[0:1]
    assert "dbt_heap_of_shop" in schemas[0]


def test_sync_has_the_name_that_dbt_selects_its_model_by(shop: Commands) -> None:
    names = {each["name"] for each in json.loads(shop.run("dbt-heap", "ls", "--output", "json").stdout)}
    assert names == {
        "as_table", "as_view", "as_incremental", "as_alias", "from_package", "as_seed", "as_snapshot", "loaded",
        "people",
    }  # fmt: skip
    for name in sorted(names - {"loaded"}):
        listed = shop.run("dbt-heap", "ls", "--select", name, "--output", "json").stdout
        assert {each["name"] for each in json.loads(listed)} == {name}


def test_every_kind_is_in_dbts_graph_as_an_exposure_before_heap(shop: Commands) -> None:
    file = ("--output-file", "models/heap_exposures.yml")
    reported = shop.run("dbt-heap", "exposures", *file).stderr
    assert "as_alias: skipped, because its model has `access: private`, so dbt lets no exposure refer to it" in reported
    assert "from_package: skipped, because the package shared has `restrict-access: true`" in reported
    shop.run("dbt", "parse", "--quiet")
    found = json.loads((shop.folder / "target" / "manifest.json").read_bytes())["exposures"]
    assert {each["name"]: each["depends_on"]["nodes"] for each in found.values()} == {
        "as_table__to_heap": ["model.shop.as_table"],
        "as_view__to_heap": ["model.shop.as_view"],
        "as_incremental__to_heap": ["model.shop.as_incremental"],
        "as_seed__to_heap": ["seed.shop.as_seed"],
        "as_snapshot__to_heap": ["snapshot.shop.as_snapshot"],
        "people__to_heap": ["model.shop.people.v2"],
        "loaded__to_heap": ["source.shop.raw.loaded"],
    }
    owners = {each["name"]: each["owner"] for each in found.values()}
    assert owners["as_table__to_heap"] == {"email": "growth@example.org", "name": "Growth"}
    assert owners["as_view__to_heap"] == {"email": None, "name": "Heap"}
    shop.run("dbt-heap", "exposures", "--check", *file)  # they are in the manifest now, which changes nothing


def test_models_that_failed_to_build_or_failed_tests_are_not_sent(shop: Commands, heap: Sandbox) -> None:
    before = len(heap.requests())
    broken = shop.folder / "models" / "as_table.sql"
    good = broken.read_text()
    broken.write_text(good + " where no_such_column")
    failing = shop.folder / "tests" / "nobody.sql"
    failing.parent.mkdir()
    failing.write_text("select * from {{ ref('as_view') }}")
    shop.run("dbt", "build", "--quiet", ends_with=1)
    ran = shop.run("dbt-heap", "sync", "--select", "as_table as_view as_alias", ends_with=1)
    gated = [line.partition(". ")[0] for line in ran.stderr.splitlines() if "--no-gate" in line]
    assert gated == ["as_table: its last build failed", "as_view: a test of its model failed: nobody"]
    assert len(heap.requests()) == before  # as_alias had nothing new
    broken.write_text(good)
    failing.unlink()
    shop.run("dbt", "build", "--quiet")
    shop.run("dbt-heap", "sync", "--warn-error")


def test_ephemeral_model_is_reported_as_having_no_rows(shop: Commands) -> None:
    model = shop.folder / "models" / "as_table.sql"
    model.write_text(model.read_text().replace("'table')", "'ephemeral')"))
    shop.run("dbt", "parse", "--quiet")
    ran = shop.run("dbt-heap", "check", ends_with=2)
    assert "as_table" in ran.stderr and "ephemeral" in ran.stderr and "materialize it as a table or view" in ran.stderr
