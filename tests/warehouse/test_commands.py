"""What a person types, sees and gets back."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from dbt_heap.delivery.results import results_schema
from dbt_heap.sandbox.server import Sandbox
from tests.project import HANGS_SECONDS, Project

USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}
ORDERS = {
    "type": "events",
    "identity": "user_id",
    "event_name": "Order Completed",
    "timestamp": "ordered_at",
    "unique_key": "order_id",
}
ACCOUNTS = {"type": "account_properties", "account_id": "account_id", "properties": ["tier"]}


@pytest.fixture
def shop(project: Project) -> Project:
    """Two users, an order, an account; nothing synced yet."""
    project.table("heap_users", "select * from (values ('ana', 'team'), ('bob', 'free')) as t(user_id, plan)")
    project.table("heap_orders", "select 1 as order_id, 'ana' as user_id, timestamp '2026-03-01' as ordered_at")
    project.table("heap_accounts", "select 'acme' as account_id, 'gold' as tier")
    project.declare("heap_users", USERS)
    project.declare("heap_orders", ORDERS, tags=["nightly"])
    project.declare("heap_accounts", ACCOUNTS)
    return project


def test_results_are_written_as_their_schema_says(shop: Project) -> None:
    assert shop.sync().exit_code == 0
    found = json.loads((shop.folder / "target" / "heap_results.json").read_bytes())
    jsonschema.validate(found, results_schema())
    assert [each["name"] for each in found["syncs"]] == ["heap_users", "heap_accounts", "heap_orders"]
    users = shop.results()["heap_users"]
    assert (users["status"], users["planned"], users["accepted"], users["new"]) == ("success", 2, 2, 2)
    assert (users["properties"], users["requests"]) == ({"Plan": 2}, 1)
    assert users["bytes"] > 0


def test_nothing_in_the_results_names_a_row(shop: Project) -> None:
    shop.sql("insert into heap_users values ('undefined', 'secret')")
    outcome = shop.sync()
    written = (shop.folder / "target" / "heap_results.json").read_text() + outcome.stdout + outcome.stderr
    for value in ("ana", "bob", "undefined", "team", "secret", "acme", "gold"):
        assert value not in written.replace("Manage", "")


def test_results_that_cannot_be_written_are_a_warning_once_rows_are_delivered(shop: Project, heap: Sandbox) -> None:
    shop.write()
    (shop.folder / "target" / "heap_results.json").mkdir()
    (shop.folder / "file").touch()
    manifest = str(shop.folder / "target" / "manifest.json")
    for where, path, why in (
        ((), "target", "Is a directory"),
        (("--manifest", manifest, "--target-path", str(shop.folder / "file")), "file", "Not a directory"),
        (("--manifest", manifest, "--target-path", "/proc/heap"), "/proc/heap", "No such file or directory"),
    ):
        said = f"warning: {shop.folder / path / 'heap_results.json'} cannot be written: {why}. No data is lost"
        first = shop.sync("--resync", *where)
        assert (first.exit_code, said in first.stderr) == (0, True), first.stderr
        assert shop.sync("--resync", "--warn-error", *where).exit_code == 1
    assert {user["identity"] for user in heap.users()} == {"ana", "bob"}
    assert shop.run("plan", "--check").exit_code == 0  # the state is in the warehouse


def test_plan_counts_and_says_what_is_new(shop: Project) -> None:
    shop.sync()
    shop.sql("update heap_users set plan = 'pro' where user_id = 'ana'")
    shop.sql("insert into heap_users values ('cem', 'free'), ('undefined', 'free')")
    (users,) = (each for each in shop.run("plan", "--output", "json").json() if each["sync"] == "heap_users")
    figures = ("planned", "new", "changed", "rejected", "still_rejected", "batches", "first")
    assert [users[name] for name in figures] == [3, 1, 1, 1, 0, 1, False]
    assert users["reasons"] == {"placeholder_identity": 1}
    text = shop.run("plan").stdout
    assert "heap_users: rejected: placeholder_identity 1" in text
    assert "| heap_users | 1 | 1 | 1 | 0 | 1 |" in shop.run("plan", "--output", "markdown").stdout


def test_plan_lists_new_properties_and_those_no_longer_sent(shop: Project) -> None:
    shop.sync()
    shop.declare("heap_users", {**USERS, "properties": {"Tariff": "plan"}})
    text = shop.run("plan").stdout
    assert "heap_users: new properties: Tariff" in text
    assert "heap_users: no longer sent (Heap keeps the last values): Plan" in text


def test_plan_check_reports_whether_there_is_something_to_send(shop: Project) -> None:
    assert shop.run("plan", "--check").exit_code == 3
    shop.sync()
    assert shop.run("plan", "--check").exit_code == 0


def test_show_prints_the_requests_a_sync_would_make(shop: Project, heap: Sandbox) -> None:
    shown = [json.loads(line) for line in shop.run("show").stdout.splitlines()]
    shop.sync()
    sent = [json.loads(request["body"]) for request in heap.requests(bodies=True)]
    assert [normal(body) for body in shown] == [normal(body) for body in sent]


def normal(body: dict[str, Any]) -> dict[str, Any]:
    """Return a body with its records in a fixed order."""
    return {key: sorted(value, key=str) if isinstance(value, list) else value for key, value in body.items()}


@pytest.mark.parametrize("command", ["ls", "check", "show", "schema"])
def test_some_commands_need_no_app_id(shop: Project, command: str) -> None:
    shop.vars = {}
    ran = shop.run(command) if command != "schema" else shop.bare("schema")
    assert ran.exit_code == 0, ran.stderr


def test_ls_lists_the_declared_syncs(shop: Project) -> None:
    assert [each["name"] for each in shop.run("ls", "--output", "json").json()] == [
        "heap_users",
        "heap_accounts",
        "heap_orders",
    ]
    assert shop.run("ls", "--output", "name").stdout.split() == ["heap_users", "heap_accounts", "heap_orders"]


def test_check_says_what_to_set_in_heap_before_accounts_work(shop: Project) -> None:
    shop.vars["account_id_property"] = "Plan"
    outcome = shop.run("check")
    assert outcome.exit_code == 0
    assert "Account > Manage > Features" in outcome.stderr
    shop.sync()
    assert "1 account without a user that heap_users has sent" in shop.run("check").stderr


def test_debug_tries_one_thing_after_the_other(shop: Project) -> None:
    outcome = shop.run("debug")
    assert outcome.exit_code == 0
    assert outcome.stdout.count("OK") == 5
    shop.vars = {}
    outcome = shop.run("debug")
    assert outcome.exit_code == 2
    assert "Account > Manage > Projects" in outcome.stdout


def test_runs_and_rejects_come_as_csv_and_json(shop: Project) -> None:
    shop.sql("insert into heap_users values ('undefined', 'free')")
    shop.sync()
    header, *rows = shop.run("rejects", "--output", "csv").stdout.splitlines()
    assert (header, len(rows)) == ("sync,reason,property,row_count,since", 1)
    (reject,) = shop.run("rejects", "--output", "json").json()
    assert (reject["sync"], reject["reason"], reject["row_count"]) == ("heap_users", "placeholder_identity", 1)
    runs = shop.run("runs", "--output", "json").json()
    assert {(each["sync"], each["status"]) for each in runs} == {
        ("heap_users", "rejected"),
        ("heap_orders", "success"),
        ("heap_accounts", "success"),
    }


def test_logs_may_be_json_lines(shop: Project) -> None:
    lines = [json.loads(line) for line in shop.sync("--log-format", "json").stderr.splitlines()]
    names = [line["info"]["name"] for line in lines]
    assert names.count("SyncPlanned") == names.count("SyncEnded") == 3
    assert len({line["info"]["invocation_id"] for line in lines}) == 1


def test_error_is_a_json_line_in_json_logs(shop: Project) -> None:
    shop.vars = {}
    outcome = shop.run("runs", "--log-format", "json", DBT_ENV_CUSTOM_ENV_TEAM="growth")
    context, line = map(json.loads, outcome.stderr.splitlines())
    assert (context["info"]["name"], context["data"]["target"]) == ("Context", "dev")
    assert (context["data"]["project"], context["data"]["heap_environments"]) == ("shop", [])
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert (line["info"]["name"], line["info"]["extra"]) == ("Problem", {"TEAM": "growth"})
    assert "Account > Manage > Projects" in line["info"]["msg"]


@pytest.mark.parametrize("flags", [(), ("--quiet",), ("--log-format", "json")], ids=["plain", "quiet", "json"])
def test_retried_request_prints_no_line_from_a_library(shop: Project, heap: Sandbox, flags: tuple[str, ...]) -> None:
    heap.misbehave("resetx1")
    with shop.start_sync(
        "--max-wait", "3", *flags
    ) as process:  # a process of its own: nothing here catches what is logged
        stdout, stderr = process.communicate(timeout=HANGS_SECONDS)
    assert process.returncode == 0, stderr
    assert "Retrying" not in stdout + stderr and "BoundedRetry" not in stdout + stderr
    if "json" in flags:
        assert all(json.loads(line) for line in stderr.splitlines())


def test_quiet_says_only_what_has_to_be_done(shop: Project) -> None:
    assert shop.sync("--quiet").stderr == ""
    shop.sql("insert into heap_users values ('undefined', 'free')")
    assert len(shop.sync("--quiet").stderr.splitlines()) == 1


def test_last_line_names_the_next_command(shop: Project) -> None:
    shop.sql("insert into heap_users values ('undefined', 'free')")
    assert shop.sync().stderr.splitlines()[-1] == (
        "heap_users: 1 row was rejected. See which and why: dbt-heap rejects --select heap_users"
    )


def test_fail_fast_starts_no_further_sync(shop: Project, heap: Sandbox) -> None:
    shop.sql("insert into heap_users values ('undefined', 'free')")
    assert shop.sync("--fail-fast").exit_code == 1
    assert {name: each["status"] for name, each in shop.results().items()} == {
        "heap_users": "rejected",
        "heap_accounts": "skipped",
        "heap_orders": "skipped",
    }
    assert heap.events() == []


def test_warn_error_makes_warnings_errors(shop: Project) -> None:
    shop.declare("heap_users", {**USERS, "properties": {"Email": "plan"}})
    assert "Email" in shop.run("check").stderr
    outcome = shop.run("check", "--warn-error")
    assert outcome.exit_code == 2
    assert "with --warn-error a warning is an error" in outcome.stderr


def test_manifest_is_enough_without_a_checkout(shop: Project, heap: Sandbox) -> None:
    shop.write()
    (shop.folder / "dbt_project.yml").unlink()
    elsewhere = shop.folder / "elsewhere"
    elsewhere.mkdir()
    outcome = shop.bare(
        "sync", "--manifest", str(shop.folder / "target" / "manifest.json"), "--profiles-dir", str(shop.folder),
        "--profile", "shop", "--project-dir", str(elsewhere), HEAP_APP_ID="55",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.stderr
    assert len(heap.users("55")) == 2


def test_syncs_go_to_the_environment_their_block_names(shop: Project, heap: Sandbox) -> None:
    shop.vars = {"environments": {"main": {"dev": "1"}, "brand_b": {"dev": "2"}}}
    shop.declare("heap_orders", {**ORDERS, "environment": "brand_b"})
    assert shop.sync().exit_code == 0
    assert (len(heap.users("1")), len(heap.events("1")), len(heap.events("2"))) == (2, 0, 1)
    assert shop.sync(HEAP_APP_ID__BRAND_B="3").exit_code == 0
    assert len(heap.events("3")) == 1


def test_max_minutes_stops_cleanly_and_the_next_run_continues(shop: Project, heap: Sandbox) -> None:
    outcome = shop.sync("--max-minutes", "0.0000001")
    assert outcome.exit_code == 0
    assert {each["status"] for each in shop.results().values()} <= {"partial", "skipped"}
    assert shop.sync().exit_code == 0
    assert len(heap.users()) == 2


def test_unknown_syncs_in_allow_large_are_reported(shop: Project) -> None:
    outcome = shop.sync("--allow-large", "nobody")
    assert outcome.exit_code == 2
    assert "--allow-large nobody" in outcome.stderr


def test_vars_must_be_a_mapping(shop: Project) -> None:
    outcome = shop.sync("--vars", "[1, 2]")
    assert outcome.exit_code == 2
    assert "--vars must be a YAML mapping" in outcome.stderr
