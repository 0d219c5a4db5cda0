"""Settings as dbt reads them: variables, `.env`, vars, profiles, and what `debug` says of where each comes from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from dbt.cli.main import cli

from dbt_heap.cli.sync import command as sync
from dbt_heap.sandbox.options import SandboxOptions
from dbt_heap.sandbox.server import Sandbox, running
from tests.integration import Commands

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan", "Mail": "mail_address"}}


@pytest.fixture(scope="module")
def heap() -> Iterator[Sandbox]:
    with running(SandboxOptions()) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, heap: Sandbox) -> Commands:
    """A project that dbt has built, with a block in dbt_project.yml."""
    shop = Commands(tmp_path_factory.mktemp("settings") / "shop", heap.url)
    (shop.folder / "models").mkdir(parents=True)
    outputs = {"dev": {"type": "duckdb", "path": "{{ env_var('WAREHOUSE_FILE', 'shop.duckdb') }}", "schema": "main"}}
    _write(shop, "profiles.yml", {"shop": {"target": "dev", "outputs": outputs}})
    _write(shop, "dbt_project.yml", PROJECT | {"vars": {"dbt_heap": {"app_id": "111"}}})
    _write(shop, "models/users.yml", {"models": [{"name": "users", "config": {"meta": {"heap": USERS}}}]})
    (shop.folder / "models" / "users.sql").write_text(
        "select 'ana' as user_id, 'team' as plan, 'a@b.c' as mail_address"
    )
    shop.run("dbt", "run", "--quiet")
    return shop


PROJECT = {"name": "shop", "version": "1.0", "profile": "shop"}


@pytest.fixture
def shop(built: Commands, tmp_path: Path) -> Commands:
    """A copy of it."""
    shutil.copytree(built.folder, tmp_path / "shop")
    copy = Commands(tmp_path / "shop", built.environment["HEAP_BASE_URL"])
    del copy.environment["DBT_PROFILES_DIR"]
    return copy


def _write(shop: Commands, name: str, content: object) -> None:
    (shop.folder / name).write_text(yaml.safe_dump(content))


def test_each_of_dbts_options_has_dbts_own_variables() -> None:
    of_dbt = {each.name: each for each in cli.commands["build"].params if each.name}
    ours = [each for each in sync.params if each.name in of_dbt or each.name in ("vars_text", "selector")]
    assert {each.name for each in ours} >= {
        "project_dir", "profiles_dir", "profile", "target", "target_path", "threads", "state", "select", "exclude",
        "quiet", "log_format", "warn_error", "fail_fast", "vars_text",
    }  # fmt: skip
    for each in ours:
        same = of_dbt["vars" if each.name == "vars_text" else each.name or ""]
        assert each.envvar == same.envvar, each.name
        if isinstance(same.type, click.Choice):
            assert isinstance(each.type, click.Choice) and set(each.type.choices) == set(same.type.choices)
            assert each.type.case_sensitive == same.type.case_sensitive


@pytest.mark.parametrize("given", ["text", "debug", "DEFAULT", "Json"])
def test_log_formats_are_those_of_dbt_in_any_case(shop: Commands, given: str) -> None:
    said = shop.run("dbt-heap", "plan", DBT_LOG_FORMAT=given).stderr
    assert said.startswith("{") == (given == "Json")


# `.env`, which dbt reads from 1.12 on


def test_variables_of_an_env_file_count_as_those_of_the_shell(shop: Commands) -> None:
    (shop.folder / "shop.duckdb").rename(shop.folder / "other.duckdb")
    _write(shop, "dbt_project.yml", PROJECT | {"vars": {"dbt_heap": {"app_id": "{{ env_var('HEAP_PROD_ID') }}"}}})
    (shop.folder / ".env").write_text("WAREHOUSE_FILE=other.duckdb\nexport HEAP_PROD_ID='777'  # of Heap\n")
    shop.run("dbt", "parse", "--quiet", WAREHOUSE_FILE="other.duckdb")
    (shop.folder / "inner").mkdir()
    for folder in (shop.folder, shop.folder / "inner"):  # the nearest above the working directory
        inner = Commands(folder, shop.environment["HEAP_BASE_URL"])
        assert "Heap environment 777" in inner.run("dbt-heap", "plan", DBT_PROFILES_DIR=str(shop.folder)).stderr
    assert "environment 888" in shop.run("dbt-heap", "plan", HEAP_PROD_ID="888").stderr  # the shell wins


@pytest.mark.parametrize("content", [b"\xff\xfe\x00A=1", b"HEAP_APP_ID=1\x002"])
def test_binary_env_file_is_one_error_that_stops_no_help(shop: Commands, content: bytes) -> None:
    (shop.folder / ".env").write_bytes(content)
    said = shop.run("dbt-heap", "sync", ends_with=2).stderr
    (line,) = said.splitlines()
    assert ".env" in line and "fix the file, or move it away" in line
    assert not (shop.folder / "target" / "heap_results.json").exists()
    shop.run("dbt-heap", "sync", "--help")


# vars.yml, which dbt reads from 1.12 on


def test_never_send_rules_in_vars_yml_work_like_those_in_dbt_project_yml(shop: Commands) -> None:
    _write(shop, "dbt_project.yml", PROJECT)
    rules = {"app_ids": {"dev": "111"}, "never_send": {"columns": ["*mail*"]}}
    _write(shop, "vars.yml", {"vars": {"dbt_heap": rules}})
    for command in ("check", "show", "sync"):
        ran = shop.run("dbt-heap", command, ends_with=2)
        assert "mail_address" in ran.stderr and "*mail*" in ran.stderr and "a@b.c" not in ran.stdout + ran.stderr
    assert "vars.yml: vars.dbt_heap" in shop.run("dbt-heap", "debug", ends_with=2).stdout


def test_id_from_a_variable_without_any_block_is_warned_of(shop: Commands) -> None:
    _write(shop, "dbt_project.yml", PROJECT)
    said = shop.run("dbt-heap", "plan", HEAP_APP_ID="5").stderr
    assert "defines no `vars: dbt_heap:`" in said and "never_send" in said
    assert shop.run("dbt-heap", "plan", "--warn-error", ends_with=2, HEAP_APP_ID="5").stdout == ""
    quiet = shop.run("dbt-heap", "plan", "--vars", "{dbt_heap: {}}", HEAP_APP_ID="5").stderr
    assert "never_send" not in quiet
    copy = shop.folder.parent / "elsewhere"
    copy.mkdir()
    elsewhere = Commands(copy, shop.environment["HEAP_BASE_URL"])
    manifest, profiles = str(shop.folder / "target" / "manifest.json"), str(shop.folder)
    elsewhere.environment |= {"WAREHOUSE_FILE": str(shop.folder / "shop.duckdb"), "DBT_PROFILES_DIR": profiles}
    said = elsewhere.run("dbt-heap", "plan", "--manifest", manifest, "--profile", "shop", HEAP_APP_ID="5").stderr
    assert "which has no dbt_project.yml" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- a", "vars.yml contains a list instead of a mapping with the key `vars`"),
        ("vars: {dbt_heap: {app_id: '1'}}", "dbt_project.yml defines `vars` too"),
    ],
)
def test_vars_that_dbt_would_refuse_are_one_error(shop: Commands, content: str, says: str) -> None:
    (shop.folder / "vars.yml").write_text(content)
    ran = shop.run("dbt-heap", "sync", ends_with=2)
    assert says in ran.stderr and ran.stdout == ""


def test_merge_keys_of_yaml_are_not_keys_that_are_defined_twice(shop: Commands) -> None:
    merged = "{base: &base {region: us, app_id: '5'}, more: &more {retain_days: 3}, "
    block = "dbt_heap: {<<: *base, <<: *more, app_id: '111'}}"
    (shop.folder / "dbt_project.yml").write_text(f"{yaml.safe_dump(PROJECT)}vars: {merged}{block}")
    assert "Heap environment 111" in shop.run("dbt-heap", "plan").stderr


def test_flags_of_the_project_file_count_as_in_dbt(shop: Commands) -> None:
    flags = {"warn_error": True, "log_format": "JSON", "fail_fast": True}
    _write(shop, "dbt_project.yml", PROJECT | {"flags": flags})
    ran = shop.run("dbt-heap", "plan", ends_with=2, HEAP_APP_ID="5")
    assert ran.stderr.startswith("{") and "with --warn-error a warning is an error" in ran.stderr
    assert "True  [dbt_project.yml: flags.warn_error]" in shop.run("dbt-heap", "debug", ends_with=2).stdout
    assert shop.run("dbt-heap", "ls", "--log-format", "text", "--vars", "{dbt_heap: {}}").stderr == ""


# profiles.yml


def test_profiles_are_found_in_dbts_order_and_debug_says_which(shop: Commands) -> None:
    (shop.folder / "inner").mkdir()
    home = shop.folder.parent / "home"
    shutil.copytree(shop.folder, home / ".dbt", ignore=shutil.ignore_patterns("*.duckdb", "target", "models"))
    inner = Commands(shop.folder / "inner", shop.environment["HEAP_BASE_URL"])
    del inner.environment["DBT_PROFILES_DIR"]
    file = str(shop.folder / "shop.duckdb")
    said = inner.run("dbt-heap", "debug", HOME=str(home), WAREHOUSE_FILE=file).stdout
    assert f"{home}/.dbt/profiles.yml  [the home folder]" in said
    (home / ".dbt" / "profiles.yml").unlink()
    said = inner.run("dbt-heap", "debug", HOME=str(home), WAREHOUSE_FILE=file).stdout
    assert f"{shop.folder}/profiles.yml  [the project's folder]" in said
    said = inner.run("dbt-heap", "debug", WAREHOUSE_FILE=file, DBT_ENGINE_PROFILES_DIR=str(shop.folder)).stdout
    assert f"{shop.folder}/profiles.yml  [DBT_ENGINE_PROFILES_DIR]" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--target", "pord"), "the profile 'shop' has no target 'pord'; it has: dev"),
        (("--profile", "shoop"), "has no profile 'shoop'; did you mean `shop`?; it has: shop"),
        (("--profiles-dir", "models"), "profiles.yml does not exist, or has no profiles"),
    ],
)
def test_profile_or_target_that_does_not_exist_is_one_error(
    shop: Commands, arguments: tuple[str, ...], says: str
) -> None:
    ran = shop.run("dbt-heap", "sync", *arguments, ends_with=2)
    (line,) = ran.stderr.splitlines()
    assert says in line and "profiles.yml" in line and ran.stdout == ""


def test_debug_names_the_origin_of_every_setting(shop: Commands) -> None:
    (shop.folder / ".env").write_text("DBT_TARGET=dev\n")
    said = shop.run("dbt-heap", "debug", "--target-path", "target", HEAP_APP_ID="5").stdout
    assert f"dev  [DBT_TARGET in {shop.folder}/.env]" in said
    assert f"{shop.folder}/target  [--target-path]" in said
    assert "5@127.0.0.1" in said and "[HEAP_APP_ID]" in said
    assert (
        "shop  [dbt_project.yml]" in said
        and "[dbt_project.yml: vars.dbt_heap.schema, through generate_schema_name]" in said
    )
