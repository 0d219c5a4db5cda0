"""A mistake in one declaration stops the sync that it is about, and no other."""

from __future__ import annotations

import json

import pytest

from dbt_heap.sandbox.server import Sandbox
from tests.project import Project

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}
TRIALS = {"type": "user_properties", "identity": "user_id", "properties": {"Trial": "trial"}}
TYPO = {**TRIALS, "nuls": "omit"}
TOLD = "trials (models/heap.yml): meta.heap.nuls: unknown key; did you mean `nulls`?"


@pytest.fixture
def shop(project: Project) -> Project:
    """Two user syncs, of which the second has a typo."""
    project.table("users", "select 'ana' as user_id, 'team' as plan")
    project.table("trials", "select 'ana' as user_id, 'yes' as trial")
    project.declare("users", USERS)
    project.declare("trials", TYPO)
    return project


@pytest.mark.parametrize("command", ["plan", "sync", "show", "ls", "check", "exposures"])
def test_mistake_in_an_unselected_block_is_ignored(shop: Project, command: str) -> None:
    ran = shop.run(command, "--sync", "users")
    assert (ran.exit_code, "nuls" in ran.stderr) == (0, False), ran.stderr


@pytest.mark.parametrize("command", ["plan", "show", "ls", "runs", "report"])
def test_commands_show_the_other_syncs_and_exit_1(shop: Project, command: str) -> None:
    ran = shop.run(command)
    assert ran.exit_code == 1, ran.stderr
    assert ran.stderr.count(TOLD) == 1
    assert "users" in ran.stdout or command in ("runs", "report", "show")


def test_sync_sends_the_others_and_exits_1(shop: Project, heap: Sandbox) -> None:
    ran = shop.sync()
    assert ran.exit_code == 1
    assert ran.stderr.count(TOLD) == 1
    assert ran.stderr.splitlines()[-1] == "Not run until you fix these: trials"
    assert [each["properties"] for each in heap.users()] == [{"Plan": "team"}]
    results = shop.results()
    assert {name: each["status"] for name, each in results.items()} == {"users": "success", "trials": "error"}
    assert "meta.heap.nuls" in results["trials"]["message"]
    shop.declare("trials", TRIALS)
    assert shop.sync().exit_code == 0
    assert [each["properties"] for each in heap.users()] == [{"Plan": "team", "Trial": "yes"}]


@pytest.mark.parametrize("command", ["sync", "plan", "show", "ls"])
def test_exit_code_is_2_if_every_declaration_has_mistakes(shop: Project, heap: Sandbox, command: str) -> None:
    for select in ((), ("--sync", "trials")):
        shop.declare("users", {**USERS, "nuls": "omit"})
        ran = shop.run(command, *select)
        assert (ran.exit_code, ran.stdout, ran.stderr.count(TOLD)) == (2, "", 1)
    assert heap.requests() == []


def test_exposures_need_every_declaration_to_be_correct(shop: Project) -> None:
    shop.declare("users", {**USERS, "identiti": "x"})
    ran = shop.run("exposures")
    assert (ran.exit_code, ran.stdout, TOLD in ran.stderr) == (2, "", True)
    assert "meta.heap.identiti" in ran.stderr


def test_check_reports_declaration_and_column_mistakes_at_once(shop: Project) -> None:
    shop.declare("users", {**USERS, "properties": {"Plan": "plam"}})
    ran = shop.run("check")
    assert (ran.exit_code, ran.stderr.count(TOLD)) == (2, 1)
    assert "has no column 'plam'; did you mean `plan`?" in ran.stderr
    shop.profile(path="/nowhere/at/all.duckdb")  # without a warehouse, the declarations are checked all the same
    assert TOLD in shop.run("check").stderr


def test_mistake_in_the_projects_vars_stops_everything(shop: Project, heap: Sandbox) -> None:
    shop.declare("trials", TRIALS)
    shop.vars["defaults"] = {"nuls": "omit"}
    ran = shop.sync("--sync", "users")
    assert (ran.exit_code, heap.requests()) == (2, [])
    assert "vars.dbt_heap.defaults.nuls" in ran.stderr


def test_two_conflicting_syncs_are_both_not_sent(shop: Project, heap: Sandbox) -> None:
    shop.table("others", "select 'ana' as user_id, 'gold' as tier")
    shop.declare("others", {**USERS, "properties": {"Tier": "tier"}})
    shop.declare("trials", {**TRIALS, "properties": {"Plan": "trial"}})
    ran = shop.sync()
    assert ran.exit_code == 1
    assert ran.stderr.count("the property 'Plan' is sent by the sync") == 1
    assert [each["properties"] for each in heap.users()] == [{"Tier": "gold"}]
    for name in ("users", "trials"):
        assert shop.run("plan", "--sync", name).exit_code == 2
    assert shop.run("plan", "--sync", "others").exit_code == 0


def test_forbidden_column_stops_only_its_sync(shop: Project, heap: Sandbox) -> None:
    shop.declare("trials", TRIALS)
    shop.vars["never_send"] = {"columns": ["tri*"]}
    ran = shop.sync()
    assert ran.exit_code == 1 and "vars.dbt_heap.never_send forbids it" in ran.stderr
    assert [each["properties"] for each in heap.users()] == [{"Plan": "team"}]


def test_disabled_block_with_a_mistake_fails_only_check(shop: Project) -> None:
    shop.declare("trials", {**TYPO, "enabled": False})
    assert (shop.sync().exit_code, shop.run("plan").exit_code, shop.run("check").exit_code) == (0, 0, 2)


def test_state_of_a_mistaken_sync_counts_as_declared(shop: Project) -> None:
    shop.declare("trials", TRIALS)
    assert shop.sync().exit_code == 0
    shop.declare("trials", TYPO)
    shop.table("fresh", "select 'ana' as user_id, 'x' as tier")
    shop.declare("fresh", {**USERS, "properties": {"Tier": "tier"}})
    ran = shop.sync("--sync", "fresh")
    assert ran.exit_code == 0, ran.stderr  # not taken for a renamed `trials`
    assert shop.run("state", "reset", "users", "--yes").exit_code == 0
    ran = shop.run("state", "reset", "trials", "--yes")
    assert (ran.exit_code, TOLD in ran.stderr) == (2, True)


def test_no_one_is_deleted_while_a_state_cannot_be_purged(shop: Project, heap: Sandbox) -> None:
    shop.table("gone", "select 'bob' as user_id")
    shop.declare("gone", {"type": "user_deletions", "identity": "user_id"})
    ran = shop.sync("--allow-deletions", "--yes", HEAP_API_KEY="key")
    assert ran.exit_code == 1
    assert "gone: not run: the declarations of trials have mistakes" in ran.stderr
    assert shop.results()["users"]["status"] == "success"
    assert "deletion" not in " ".join(request["path"] for request in heap.requests())


def test_column_that_is_missing_in_the_warehouse_stops_only_its_sync(shop: Project) -> None:
    shop.declare("trials", {**TRIALS, "properties": {"Trial": "trail"}})
    for command in ("plan", "show"):
        ran = shop.run(command)
        assert (ran.exit_code, ran.stderr.count("has no column 'trail'; did you mean `trial`?")) == (1, 1)
    shown = json.loads(shop.run("plan", "--output", "json").stdout)
    assert [each["sync"] for each in shown] == ["users"]


@pytest.mark.parametrize("command", ["sync", "plan"])
def test_missing_environment_id_is_reported_once_before_anything_else(
    shop: Project, heap: Sandbox, command: str
) -> None:
    shop.declare("trials", TRIALS)
    shop.vars = {}
    ran = shop.run(command)
    assert (ran.exit_code, ran.stdout, heap.requests()) == (2, "", [])
    assert len(ran.stderr.splitlines()) == 2  # the context, and the cause
    assert "no Environment ID is set" in ran.stderr
    assert not (shop.folder / "target" / "heap_results.json").exists()
    assert shop.state_tables() == set()


def test_syncs_without_environment_id_fail_alone_with_one_cause(shop: Project, heap: Sandbox) -> None:
    shop.declare("trials", {**TRIALS, "environment": "brand_b"})
    shop.table("more", "select 'ana' as user_id, 'x' as tier")
    shop.declare("more", {**USERS, "properties": {"Tier": "tier"}, "environment": "brand_b"})
    shop.vars = {"environments": {"main": {"dev": "1"}, "brand_b": {"prod": "2"}}}
    for ran in (shop.run("plan"), shop.sync()):
        assert ran.exit_code == 1
        assert ran.stderr.count("vars.dbt_heap.environments.brand_b has no Environment ID") == 1
        assert "more, trials: vars.dbt_heap.environments.brand_b" in ran.stderr
    assert len(heap.users("1")) == 1
    assert {each["status"] for each in shop.results().values()} == {"success", "error"}


def test_explain_reports_a_missing_environment_id_once(shop: Project) -> None:
    shop.declare("trials", TRIALS)
    shop.vars = {}
    keys = shop.folder / "keys"
    keys.write_text("ana")
    ran = shop.run("explain", "--key-file", str(keys))
    assert (ran.exit_code, ran.stdout, ran.stderr.count("no Environment ID is set")) == (2, "", 1)
