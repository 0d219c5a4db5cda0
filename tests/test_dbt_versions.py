"""What each version of dbt introduced, with the artifacts that it really wrote: tests/versions, made by `make matrix`.

None of these dbts is installed here. Only the statuses "reused" are written into the results: dbt State is no part of
dbt-core.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.integration import ROOT
from tests.project import Outcome, dbt_heap

VERSIONS = sorted(each.name for each in (ROOT / "tests" / "versions").iterdir())
MODEL = "model.shop.people"


class Shop:
    """A version's project with its artifacts in place, and the table that its dbt built."""

    def __init__(self, version: str, folder: Path, heap: Sandbox) -> None:
        written = ROOT / "tests" / "versions" / version
        self.folder = folder / "shop"
        shutil.copytree(written, self.folder, ignore=shutil.ignore_patterns("*.json"))
        self.expected: dict[str, Any] = json.loads((written / "expected.json").read_bytes())
        self.target = self.folder / self.expected.get("target_path", "target")
        self.target.mkdir()
        for name in ("manifest.json", "run_results.json"):
            shutil.copy(written / name, self.target)
        (user,) = self.expected["users"]
        plan, seats = user["properties"]["Plan"], user["properties"]["seats"]
        row = f"'{user['identity']}' as user_id, '{plan}' as plan, {seats} as seats, 'a@example.org' as mail_address"
        schema = json.loads((written / "manifest.json").read_bytes())["nodes"][MODEL]["schema"]
        with duckdb.connect(str(self.folder / "shop.duckdb")) as warehouse:
            warehouse.execute(f"create schema if not exists {schema}; create table {schema}.people as select {row}")
        self.environment = {**self.expected["environment"], "HEAP_BASE_URL": heap.url}

    def run(self, *arguments: str) -> Outcome:
        """Run a command in the project's folder."""
        return dbt_heap(*arguments, **self.environment)

    def ended(self, unique_id: str, status: str) -> None:
        """Have dbt say that a node of the last build ended so."""
        path = self.target / "run_results.json"
        content = json.loads(path.read_bytes())
        (found,) = [each for each in content["results"] if each["unique_id"].startswith(unique_id)]
        found["status"] = status
        path.write_text(json.dumps(content))


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, heap: Sandbox, known_macros: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """The project of the version that a test names; commands find it and its `.env` by the working directory."""
    made = Shop(request.param, tmp_path, heap)
    monkeypatch.chdir(made.folder)
    yield made


on_every_version = pytest.mark.parametrize("shop", VERSIONS, indirect=True)


@on_every_version
def test_features_of_a_dbt_version_are_read_as_dbt_reads_them(shop: Shop, heap: Sandbox) -> None:
    checked = shop.run("check")
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    for selection, found in shop.expected["selected"].items():
        listed = shop.run("ls", "--output", "name", "--select", selection)
        assert (listed.exit_code, listed.stdout) == (0, "people\n" if found else ""), (selection, listed.stderr)
    assert shop.run("plan", "--check").exit_code == 3
    ran = shop.run("sync")
    assert ran.exit_code == 0, ran.stderr
    assert heap.users() == shop.expected["users"]
    assert json.loads((shop.target / "heap_results.json").read_bytes())["target"] == shop.expected["target"]


@on_every_version
def test_results_of_each_dbt_version_block_failed_models(shop: Shop, heap: Sandbox) -> None:
    shop.ended("test.shop.unique_people_user_id", "fail")
    failed = shop.run("sync")
    assert (failed.exit_code, "unique_people_user_id" in failed.stderr, heap.requests()) == (1, True, [])
    shop.ended("test.shop.unique_people_user_id", "pass")
    shop.ended(MODEL, "error")
    assert (shop.run("sync").exit_code, heap.requests()) == (1, [])
    for status in ("reused", "success"):
        shop.ended(MODEL, status)
        shop.ended("test.shop.unique_people_user_id", status.replace("success", "pass"))
        ran = shop.run("sync", "--resync")
        assert (ran.exit_code, heap.users()) == (0, shop.expected["users"]), ran.stderr


@pytest.mark.parametrize("shop", ["1.12", "1.13"], indirect=True)
def test_never_send_of_vars_yml_counts(shop: Shop) -> None:
    path = shop.target / "manifest.json"
    content = json.loads(path.read_bytes())
    content["nodes"][MODEL]["config"]["meta"]["heap"]["properties"]["Mail"] = "mail_address"
    path.write_text(json.dumps(content))
    refused = shop.run("check")
    assert (refused.exit_code, "never_send" in refused.stderr) == (2, True)
