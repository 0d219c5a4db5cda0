"""The hooks of the dbt package, run by dbt itself, and `sync --built`, which goes by what they wrote down."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import ROOT, Commands
from tests.warehouses import DuckDB, Engine


@pytest.fixture(scope="module")
def heap() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


class Shop(Commands):
    """The project `tests/hooks` on a warehouse."""

    def __init__(self, folder: Path, heap: Sandbox, engine: Engine) -> None:
        super().__init__(folder, heap.url)
        self.engine = engine
        shutil.copytree(ROOT / "tests" / "hooks", folder)
        output = {**engine.output, "schema": "main", "threads": 4}
        (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": output}}}))
        (folder / "packages.yml").write_text(f"packages: [{{local: {json.dumps(str(ROOT))}}}]")
        self.run("dbt", "deps", "--quiet")

    def dbt(self, *arguments: str, ends_with: int = 0, **variables: object) -> None:
        self.run("dbt", *arguments, "--quiet", "--vars", json.dumps(variables), ends_with=ends_with)

    def builds(self) -> list[tuple[str, ...]]:
        """What is on record, the oldest first: model, how it ended, its failed and its passed tests."""
        reported = "select split_part(model, '.', 3), status, failed_tests, passed_tests from main_heap.builds"
        return self.engine.sql(f"{reported} order by recorded_at, model")

    def synced(self, *arguments: str, ends_with: int = 0) -> tuple[dict[str, str], list[str]]:
        """How each sync of `sync --built` ended, and what was said last."""
        ran = self.run("dbt-heap", "sync", "--built", *arguments, ends_with=ends_with)
        found = json.loads((self.folder / "target" / "heap_results.json").read_bytes())
        ended = {each["name"]: each["status"] for each in found["syncs"]}
        return ended | dict.fromkeys(found["up_to_date"], "up to date"), ran.stderr.splitlines()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, heap: Sandbox) -> Shop:
    """Built once, before dbt-heap has ever run."""
    folder = tmp_path_factory.mktemp("hooks")
    shop = Shop(folder / "shop", heap, DuckDB(folder))
    shop.dbt("build")
    return shop


def test_first_dbt_run_records_only_models_with_syncs(shop: Shop) -> None:
    assert shop.builds() == [("accounts", "built", "", ""), ("users", "built", "", "unique_users_user_id")]


def test_built_model_is_synced_once(shop: Shop) -> None:
    assert shop.synced()[0] == {"users": "success", "accounts": "success"}
    assert shop.synced()[0] == {"users": "up to date", "accounts": "up to date"}


def test_only_what_was_built_since_is_synced_again(shop: Shop) -> None:
    shop.dbt("run", "--select", "users", "untagged")
    assert shop.builds()[2:] == [("users", "built", None, None), ("users", "built", "", "")]
    ended, said = shop.synced()
    assert ended == {"users": "success", "accounts": "up to date"}
    assert any("1 test of users did not run since dbt built the model" in line for line in said)


def test_model_that_failed_tests_waits_until_it_passes_or_no_gate(shop: Shop) -> None:
    shop.dbt("build", where="true union all select 'a', 2", ends_with=1)
    shop.dbt("show", "--select", "users")  # overwrites run_results.json: the failed test is no longer there
    refused = shop.run("dbt-heap", "sync", "--warn-error", ends_with=2)
    assert "written by `dbt show`, not by a command that builds or tests" in refused.stderr
    (shop.folder / "target" / "run_results.json").unlink()  # another machine's
    ended, said = shop.synced(ends_with=1)
    assert ended == {"users": "gated", "accounts": "success"}
    assert said[-1].startswith("users: a test of its model failed: unique_users_user_id.")
    ended, _ = shop.synced("--no-gate", ends_with=1)
    assert ended == {"users": "rejected", "accounts": "up to date"}  # one key twice, as the test said


def test_failed_build_is_reported_even_if_earlier_builds_were_synced(shop: Shop) -> None:
    shop.dbt("build")
    assert shop.synced()[0] == {"users": "success", "accounts": "success"}
    shop.dbt("run", where="no_such_column", ends_with=1)
    ended, said = shop.synced(ends_with=1)
    assert ended == {"users": "gated", "accounts": "success"}
    assert said[-1].startswith("users: its last build failed.")


def test_reused_model_is_not_new_and_a_build_with_warnings_is(shop: Shop) -> None:
    shop.dbt("build")
    assert shop.synced()[0] == {"users": "success", "accounts": "success"}
    shop.dbt("build", marks=False, statuses={"users": "reused", "unique_users_user_id": "reused", "accounts": "warn"})
    assert shop.builds()[-2:] == [("accounts", "built", "", ""), ("users", "reused", "", "")]
    assert shop.synced()[0] == {"users": "up to date", "accounts": "success"}


def test_unknown_statuses_in_builds_block_and_are_reported_once(shop: Shop) -> None:
    shop.dbt("build", marks=False, statuses={"unique_users_user_id": "odd", "accounts": "quantum"})
    assert shop.builds()[-2:] == [
        ("accounts", "quantum", "", ""), ("users", "built", "unique_users_user_id (odd)", ""),
    ]  # fmt: skip
    ended, said = shop.synced(ends_with=1)
    assert ended == {"users": "gated", "accounts": "gated"}
    assert sum("'odd' (users); 'quantum' (accounts)" in line for line in said) == 1
    assert ("\n".join(said).count("odd"), "\n".join(said).count("quantum")) == (1, 1)


def test_flags_for_all_rows_conflict_with_it(shop: Shop) -> None:
    assert "--resync" in shop.run("dbt-heap", "sync", "--built", "--resync", ends_with=2).stderr


def test_model_that_no_run_has_built_is_reported(shop: Shop) -> None:
    shop.engine.sql("delete from main_heap.builds where model like '%accounts'")
    ended, said = shop.synced(ends_with=1)
    assert "accounts" not in ended and any("no build is on record" in line and "accounts" in line for line in said)
    shop.engine.sql("delete from main_heap.builds")
    ran = shop.run("dbt-heap", "sync", "--built", ends_with=2)
    assert "main_heap.builds contains no build" in ran.stderr and "record_run" in ran.stderr


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_on_run_end_hook_is_enough_even_if_only_tests_run(tmp_path: Path, heap: Sandbox, engine: Engine) -> None:
    shop = Shop(tmp_path / "shop", heap, engine)
    shop.dbt("run", marks=False)
    shop.dbt("compile")
    shop.dbt("run-operation", "with_statuses", "--args", "{results: []}")
    shop.dbt("test", marks=False)
    assert shop.builds() == [
        ("accounts", "built", "", ""), ("users", "built", "", ""), ("users", "tested", "", "unique_users_user_id"),
    ]  # fmt: skip
