"""The dbt package in a project: its generic tests, the reasons they give, and its models on the state's views."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import running
from tests.integration import ROOT, Commands
from tests.warehouses import ENGINES, DuckDB, Engine

LOADED = "select 1 as id, cast('x' as bytea) as bytes_value"
PAGE = (ROOT / "docs" / "reference" / "dbt-package.md").read_text()
TYPES = {"rejected": "BIGINT", "is_latest": "BOOLEAN", "started_at": "TIMESTAMP", "status": "VARCHAR"}


class Shop(Commands):
    """A copy of `tests/package` with the repository as a local package, as `dbt deps` installs it."""

    def __init__(self, folder: Path, heap_url: str, engine: Engine) -> None:
        super().__init__(folder, heap_url)
        self.engine = engine
        shutil.copytree(ROOT / "tests" / "package", folder, dirs_exist_ok=True)
        (folder / "dbt_packages").mkdir()
        (folder / "dbt_packages" / "dbt_heap").symlink_to(ROOT)
        output = {**engine.output, "schema": "analytics", "threads": 2}
        (folder / "profiles.yml").write_text(json.dumps({"shop": {"target": "dev", "outputs": {"dev": output}}}))

    def results(self) -> dict[str, tuple[str, int]]:
        """Return the status and failures of each test in the last dbt command, by the test's name."""
        tested = self._artifact("run_results.json")["results"]
        names = {node["unique_id"]: node["name"] for node in self._artifact("manifest.json")["nodes"].values()}
        return {names.get(each["unique_id"], each["unique_id"]): (each["status"], each["failures"]) for each in tested}

    def nodes(self) -> set[str]:
        """Return the IDs of the nodes that dbt would build or test."""
        return set(self._artifact("manifest.json")["nodes"])

    def _artifact(self, name: str) -> Any:
        return json.loads((self.folder / "target" / name).read_bytes())


@pytest.fixture(scope="module", params=ENGINES)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return the project after one `dbt build`, in which one test fails by design."""
    folder = tmp_path_factory.mktemp("shop")
    engine: Engine = DuckDB(folder) if request.param == "duckdb" else request.getfixturevalue(request.param)()
    engine.table("raw", "loaded", LOADED)
    shop = Shop(folder, "", engine)
    shop.run("dbt", "build", ends_with=1)
    yield shop
    engine.drop()


def test_reasons_are_those_that_dbts_unit_tests_expect(built: Shop) -> None:
    reasons = {name: ended for name, ended in built.results().items() if name.startswith("unit_test.")}
    assert len(reasons) == 4
    assert {status for status, _ in reasons.values()} == {"pass"}


def test_generic_tests_count_the_rows_that_heap_would_refuse(built: Shop) -> None:
    results = built.results()
    good = [name for name in results if name.startswith("dbt_heap_heap_")]
    assert {results[name] for name in good} == {("pass", 0)}
    assert {name: ended for name, ended in results.items() if re.match("(lost|bad|loaded|ephemeral)_.+", name)} == {
        "lost_people": ("success", None),
        "lost_identities": ("fail", 6),
        "bad_event_names": ("warn", 3),
        "bad_texts": ("warn", 1),
        "bad_floats": ("warn", 2),
        "bad_dates": ("warn", 1),
        "bad_bytes": ("warn", 2),
        "loaded_bytes": ("warn", 1),  # a source, whose type is found despite the `where`
        "ephemeral_texts": ("warn", 1),  # a model without a relation, so its text is checked
    }


def test_generic_tests_obey_dbts_configs(built: Shop) -> None:
    results = built.results()
    assert results["some_identities"] == ("warn", 3)  # `where`, and a `limit` of two reasons
    assert results["few_identities"] == ("warn", 6)  # `warn_if` and `error_if`
    assert results["no_identities"] == ("pass", 0)
    assert results["some_bad_bytes"] == ("warn", 1)


def test_stored_failures_contain_reasons_and_no_identity(built: Shop) -> None:
    stored = built.engine.sql("select reason, row_count from analytics_dbt_test__audit.stored_identities order by 1")
    assert stored == [
        ("blank_identity", 2), ("long_identity", 1), ("null_identity", 1), ("placeholder_identity", 2),
    ]  # fmt: skip


def test_models_are_not_built_unless_the_project_enables_them(built: Shop) -> None:
    assert [node for node in built.nodes() if node.split(".")[1] != "shop"] == []
    assert not built.engine.relations("analytics") & {"heap_sync_runs", "heap_rejects"}


def test_dbt_validates_the_documentation_of_the_macros(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "", DuckDB(tmp_path))
    settings = yaml.safe_load((tmp_path / "dbt_project.yml").read_text())
    (tmp_path / "dbt_project.yml").write_text(json.dumps({**settings, "flags": {"validate_macro_args": True}}))
    shop.run("dbt", "--warn-error", "parse")
    macros = json.loads((tmp_path / "target" / "manifest.json").read_bytes())["macros"]
    hook = macros["macro.dbt_heap.record_run"]
    assert hook["description"].startswith("As an `on-run-end` hook")
    assert [(each["name"], each["type"]) for each in hook["arguments"]] == [("results", "list[any]")]
    assert macros["macro.dbt_heap.test_heap_identity"]["docs"]["show"]
    assert macros["macro.dbt_heap.limits"]["description"] == ""


def test_models_are_empty_before_the_first_sync_and_a_test_on_them_alerts_later(tmp_path: Path) -> None:
    with running(SandboxOptions()) as heap:
        shop = Shop(tmp_path, heap.url, DuckDB(tmp_path))
        settings = yaml.safe_load((tmp_path / "dbt_project.yml").read_text())
        settings["vars"].update(yaml.safe_load(snippet("yaml", "dbt_heap_models"))["vars"])
        (tmp_path / "dbt_project.yml").write_text(json.dumps(settings))
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "syncs_succeeded.sql").write_text(snippet("sql", "heap_sync_runs"))

        first = shop.run("dbt", "build", "--select", "dbt_heap", "heap_users", STATE_SCHEMA="kept")
        assert "there is no view runs in the schema analytics_kept" in first.stdout
        assert shop.results()["syncs_succeeded"] == ("pass", 0)
        assert column_types(shop) == (TYPES, [])

        shop.run("dbt-heap", "sync", ends_with=1, STATE_SCHEMA="kept")
        shop.run("dbt", "build", "--select", "dbt_heap", ends_with=1, STATE_SCHEMA="kept")
        assert shop.results()["syncs_succeeded"] == ("fail", 1)
        assert column_types(shop) == (TYPES, [(2, True, "rejected")])
        rejects = "select sync, reason, property, row_count, first_at = last_at from analytics.heap_rejects order by 2"
        assert shop.engine.sql(rejects) == [
            ("heap_users", "placeholder_identity", None, 1, True), ("heap_users", "too_long", "plan", 1, True),
        ]  # fmt: skip
        assert "key" not in shop.engine.sql("select list(column_name) from (describe analytics.heap_rejects)")[0][0]


def column_types(shop: Shop) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """Return the types of some columns of `heap_sync_runs`, and its rows."""
    with duckdb.connect(shop.engine.output["path"]) as connection:
        found = connection.execute("from analytics.heap_sync_runs").description or []
        columns = {name: str(type_name) for name, type_name, *_ in found if name in TYPES}
        rows = connection.execute("select rejected, is_latest, status from analytics.heap_sync_runs").fetchall()
    return columns, rows


def snippet(language: str, word: str) -> str:
    """Return the page's first snippet in a language that contains a word."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return next(text for text in found if word in text)
