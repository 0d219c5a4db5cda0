"""A manifest of one target under another: nothing is read or sent, however the target is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import Commands
from tests.warehouses import Engine, on_every_engine

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}


@pytest.fixture(scope="module")
def heap() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


class Shop(Commands):
    """A project with a Heap environment for each of its two targets, which are schemas of one database."""

    def __init__(self, folder: Path, heap: Sandbox, engine: Engine, **schemas: str) -> None:
        super().__init__(folder, heap.url)
        heap.reset()
        self.heap = heap
        (folder / "models").mkdir(parents=True)
        outputs = {target: {**engine.output, "schema": schema} for target, schema in schemas.items()}
        self._write("profiles.yml", {"shop": {"target": "dev", "outputs": outputs}})
        block = {"app_ids": {"dev": "111", "prod": "222"}}
        self._write(
            "dbt_project.yml", {"name": "shop", "version": "1.0", "profile": "shop", "vars": {"dbt_heap": block}}
        )
        self._write("models/users.yml", {"models": [{"name": "users", "config": {"meta": {"heap": USERS}}}]})
        (folder / "models" / "users.sql").write_text("select '{{ target.name }}-user' as user_id, 'team' as plan")

    def build(self, *arguments: str, **environment: Any) -> None:
        self.run("dbt", "run", "--quiet", *arguments, **environment)

    def refused(self, *arguments: str, **environment: str) -> str:
        """What a command says that must not run; nothing reaches Heap."""
        ran = self.run("dbt-heap", *arguments, ends_with=2, **environment)
        assert self.heap.requests() == []
        return ran.stderr

    def refused_after_reset(self, *arguments: str) -> str:
        """The same after earlier syncs."""
        self.heap.reset()
        return self.refused(*arguments)

    def sent(self, *arguments: str, **environment: Any) -> list[tuple[str, str]]:
        """Environment and identity of what a sync sends."""
        self.heap.reset()
        self.run("dbt-heap", "sync", *arguments, **environment)
        bodies = [json.loads(each["body"]) for each in self.heap.requests(bodies=True)]
        return [(body["app_id"], user["identity"]) for body in bodies for user in body["users"]]

    def _write(self, name: str, content: Any) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))


@pytest.fixture
def shop(tmp_path: Path, heap: Sandbox, engine: Engine) -> Shop:
    return Shop(tmp_path / "shop", heap, engine, dev="dbt_me", prod="analytics")


# Ways to say that prod is the target: arguments, variables, and the content of `.env`.
WAYS: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "flag": (("--target", "prod"), {}, ""),
    "variable": ((), {"DBT_TARGET": "prod"}, ""),
    "preferred variable": ((), {"DBT_ENGINE_TARGET": "prod", "DBT_TARGET": "dev"}, ""),
    ".env": ((), {}, "DBT_TARGET=prod\n"),
    "preferred variable in .env": ((), {"DBT_TARGET": "dev"}, "DBT_ENGINE_TARGET=prod\n"),
}


@on_every_engine
def test_development_build_with_a_production_target_is_not_sent(shop: Shop) -> None:
    shop.build("--target", "prod")
    shop.build()  # by the profile's default, as an IDE does in the background
    for arguments, variables, env_file in WAYS.values():
        (shop.folder / ".env").write_text(env_file)
        said = shop.refused("sync", *arguments, **variables)
        assert "built under the target 'dev' (Heap environment 111)" in said
        assert "the active target is 'prod' (Heap environment 222)" in said
        assert "dbt build --target prod" in said and "--target dev" in said and "--allow-target-mismatch" in said
        assert said.count("users") == 1  # the cause once, not once for each sync
    (shop.folder / ".env").unlink()
    for command in ("plan", "show", "check"):
        assert "built under the target 'dev'" in shop.refused(command, "--target", "prod")
    manifest = str(shop.folder / "target" / "manifest.json")
    assert "built under the target 'dev'" in shop.refused("sync", "--manifest", manifest, "--target", "prod")
    assert "built under the target 'dev'" in shop.refused("sync", "--built", "--target", "prod")


@on_every_engine
def test_target_is_the_one_that_dbt_used_however_it_was_said(shop: Shop) -> None:
    for arguments, variables, env_file in WAYS.values():
        (shop.folder / ".env").write_text(env_file)
        if not env_file:  # dbt reads it from 1.12 on
            shop.build(*arguments, **variables)
        assert shop.sent("--resync", *arguments, **variables) == [("222", "prod-user")]
    (shop.folder / ".env").unlink()
    assert "built under the target 'prod'" in shop.refused_after_reset("sync")
    shop.build()
    assert shop.sent() == [("111", "dev-user")]


def test_one_flag_overrides_the_check_for_one_run(shop: Shop) -> None:
    shop.build()
    assert shop.sent("--target", "prod", "--allow-target-mismatch") == [("222", "dev-user")]


@on_every_engine
def test_parse_in_the_background_does_not_hide_what_was_built(tmp_path: Path, heap: Sandbox, engine: Engine) -> None:
    shop = Shop(tmp_path / "shop", heap, engine, dev="same", prod="same")
    shop.build("--target", "prod")
    shop.run("dbt", "parse", "--quiet")
    assert shop.sent("--target", "prod") == [("222", "prod-user")]  # the rows are those of the last build
    shop.build()
    shop.run("dbt", "parse", "--quiet", "--target", "prod")
    heap.reset()
    assert "built under the target 'dev'" in shop.refused("sync", "--target", "prod")


def test_manifest_that_matches_no_target_is_refused(shop: Shop) -> None:
    shop.build()
    text = (shop.folder / "profiles.yml").read_text()
    (shop.folder / "profiles.yml").write_text(text.replace("dbt_me", "dbt_you"))
    said = shop.refused("sync")
    assert "was not built under the active target 'dev' (Heap environment 111), nor under any other target" in said
    assert "dbt_me" in said and "dbt_you" in said


def test_target_of_another_name_for_the_same_place_is_accepted(shop: Shop) -> None:
    shop.build("--target", "prod")
    profiles = yaml.safe_load((shop.folder / "profiles.yml").read_text())
    outputs = profiles["shop"]["outputs"]
    outputs["production"] = outputs.pop("prod")  # as where dbt platform calls it otherwise
    (shop.folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    assert shop.sent("--target", "production", HEAP_APP_ID="333") == [("333", "prod-user")]


def test_targets_with_missing_variables_are_ignored(shop: Shop) -> None:
    shop.build("--target", "prod")
    profiles = yaml.safe_load((shop.folder / "profiles.yml").read_text())
    profiles["shop"]["outputs"]["ci"] = {"type": "duckdb", "path": "{{ env_var('NOT_HERE') }}", "schema": "ci"}
    profiles["shop"]["outputs"]["cloud"] = {"type": "snowflake", "schema": "analytics"}
    (shop.folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    assert shop.sent("--target", "prod") == [("222", "prod-user")]
    heap_less = shop.run("dbt-heap", "sync", ends_with=2).stderr
    assert "built under the target 'prod'" in heap_less


def test_different_warehouse_type_is_reported_before_missing_tables(shop: Shop) -> None:
    shop.build()
    manifest = shop.folder / "target" / "manifest.json"
    content = json.loads(manifest.read_bytes())
    content["metadata"]["adapter_type"] = "snowflake"
    manifest.write_text(json.dumps(content))
    said = shop.refused("plan")
    assert "a warehouse of the type snowflake" in said and "does not exist" not in said


@pytest.mark.parametrize("written", ["target-{{ target.name }}", "{{ var('folder', 'built') }}/{{ target.schema }}"])
def test_target_path_is_rendered_as_dbt_renders_it(shop: Shop, written: str) -> None:
    project = yaml.safe_load((shop.folder / "dbt_project.yml").read_text())
    (shop.folder / "dbt_project.yml").write_text(yaml.safe_dump(project | {"target-path": written}))
    shop.build("--vars", "{folder: made}")
    assert shop.sent("--vars", "{folder: made}") == [("111", "dev-user")]
    shutil.rmtree(shop.folder / "target", ignore_errors=True)
    (shop.folder / "dbt_project.yml").write_text(yaml.safe_dump(project | {"target-path": "{{ env_var('NOT_HERE') }}"}))
    assert "target-path: its Jinja does not render" in shop.refused_after_reset("ls")
    manifest = next(shop.folder.rglob("manifest.json"))
    shop.run("dbt-heap", "plan", "--manifest", str(manifest))
    assert "target-path" in shop.refused("sync", "--manifest", str(manifest))  # no place for heap_results.json
    shop.run("dbt-heap", "ls", "--target-path", str(manifest.parent))


def test_sources_and_aliases_with_the_target_in_jinja_identify_it(
    tmp_path: Path, heap: Sandbox, engine: Engine
) -> None:
    shop = Shop(tmp_path / "shop", heap, engine, dev="same", prod="same")
    table = {"name": "people", "config": {"meta": {"heap": USERS}}}
    raw = {"name": "raw", "schema": "{{ var('prefix', target.name) }}_raw", "tables": [table]}
    shop._write("models/users.yml", {"sources": [raw]})
    project = yaml.safe_load((shop.folder / "dbt_project.yml").read_text())
    shop.run("dbt", "parse", "--quiet")  # no results that would name the target
    said = shop.refused("sync", "--target", "prod")
    assert "built under the target 'dev'" in said and "people in dev_raw; under prod, dbt puts it in prod_raw" in said
    shop._write("dbt_project.yml", project | {"models": {"shop": {"+alias": "{{ target.name }}_users"}}})
    shop._write("models/users.yml", {"models": [{"name": "users", "config": {"meta": {"heap": USERS}}}]})
    shop.run("dbt", "parse", "--quiet")
    assert "built under the target 'dev'" in shop.refused("sync", "--target", "prod")
    shop.build("--target", "prod")
    assert shop.sent("--target", "prod") == [("222", "prod-user")]
