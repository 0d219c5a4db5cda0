"""No row's value, identity or key, and no secret, shows anywhere but where it is asked for and where it is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import yaml

from dbt_heap.sandbox.server import Sandbox
from dbt_heap.warehouse.driver_errors import redacted
from tests.long import LONG
from tests.project import Project
from tests.unit.heap_server import HeapServer, Received, Reply
from tests.warehouses import on_every_engine

IDENTITY, VALUE, KEY, EVENT, REFUSED = (f"canary-{each}" for each in ("ana", "o'team (it's)", "key", "event", "bob"))
PASSWORD = "canary-password"
USERS = {"type": "user_properties", "identity": "user_id", "properties": {"Plan": "plan"}}
EVENTS = {
    "type": "events", "identity": "user_id", "event_name_column": "what", "unique_key": "id", "properties": ["plan"],
}  # fmt: skip
# All that makes dbt, Python and the drivers talk.
TALKING = {
    "DBT_DEBUG": "1", "DBT_LOG_LEVEL": "debug", "DBT_LOG_LEVEL_FILE": "debug", "DBT_LOG_CACHE_EVENTS": "1",
    "DBT_PRINT": "1", "DBT_RECORD_TIMING_INFO": "timing", "DBT_QUIET": "0", "DBT_USE_EXPERIMENTAL_PARSER": "0",
    "PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1", "PGOPTIONS": "-c client_min_messages=debug1",
    "DBT_ENV_SECRET_TOKEN": "canary-secret", "HEAP_API_KEY": "canary-secret",
}  # fmt: skip
COMMANDS = [
    "plan", "sync --log-format json", "plan --output json", "check", "debug", "ls --output json", "runs --output json",
    "rejects --output csv", "state show", "sync --resync",
]  # fmt: skip

on_one_engine = on_every_engine if LONG else pytest.mark.parametrize("engine", ["duckdb"], indirect=True)


@pytest.fixture
def shop(project: Project, heap: Sandbox) -> Iterator[Project]:
    """Rows full of canaries: some are sent, some Heap refuses, some cannot be sent."""
    project.table(
        "heap_users",
        f"select * from (values ({text(IDENTITY)}, {text(VALUE)}), ({text(REFUSED)}, {text(VALUE)}), "
        f"('canary-twice', {text(VALUE)}), ('canary-twice', 'x'), ({text('canary' * 50)}, 'x')) as t(user_id, plan)",
    )
    project.table(
        "heap_orders",
        f"select {text(KEY)} as id, {text(IDENTITY)} as user_id, {text(EVENT)} as what, {text(VALUE)} as plan",
    )
    project.declare("heap_users", USERS)
    project.declare("heap_orders", EVENTS)
    heap.refuse(REFUSED)
    yield project


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def must_be_silent(project: Project, *said: str) -> None:
    """Neither what was said nor any file but the warehouse's own holds a canary."""
    for each in said:
        assert "canary" not in each.lower(), each
    for path in project.folder.rglob("*"):
        if path.is_file() and ".duckdb" not in path.name and path.name != "profiles.yml":
            assert b"canary" not in path.read_bytes().lower(), path


def talking(project: Project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, in an environment where everything talks."""
    project.write()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "HEAP_"))}
    logs = {"DBT_LOG_PATH": str(project.folder / "logs")}
    return subprocess.run(
        [sys.executable, "-m", "dbt_heap", *arguments, "--profiles-dir", str(project.folder)],
        env={**kept, **project.environment, **TALKING, **logs, **environment},
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@on_one_engine
def test_no_command_shows_values_unless_asked_to(shop: Project) -> None:
    assert "canary" in shop.run("show").stdout
    for command in COMMANDS:
        outcome = shop.run(*command.split())
        assert outcome.exit_code in (0, 1), outcome.stderr
        must_be_silent(shop, outcome.stdout, outcome.stderr)
    assert "canary" in shop.run("rejects", "--with-values").stdout


def test_state_log_has_no_values(shop: Project) -> None:
    assert shop.sync().exit_code == 1
    for view in ("sync_log", "runs"):
        assert "canary" not in str(shop.state(f"select * from state.{view}"))
    assert "canary" not in str(shop.state("select reason, property, digest from state.rejects"))


@on_one_engine
def test_debug_logging_shows_no_values(shop: Project) -> None:
    ran = talking(shop, "sync", "--log-format", "json")
    assert ran.returncode == 1, ran.stderr
    must_be_silent(shop, ran.stdout, ran.stderr)


@on_every_engine
def test_value_that_the_warehouse_cannot_cast_is_not_shown(shop: Project) -> None:
    shop.sql("alter table heap_users rename to raw_users")
    shop.sql("create view heap_users as select user_id, cast(plan as integer) as plan from raw_users")
    del shop.nodes["model.shop.heap_orders"]
    for command in ("sync", "plan", "show"):
        ran = talking(shop, command) if command == "sync" else shop.run(command, **TALKING)
        assert "the warehouse refused" in ran.stderr
        must_be_silent(shop, ran.stdout, ran.stderr)


@pytest.mark.parametrize("status", [400, 401, 500, 302])
def test_answer_that_repeats_the_request_is_not_shown(shop: Project, status: int) -> None:
    def echo(request: Received) -> Reply:
        return Reply(status, str(request.body).encode(), {"X-Echo": IDENTITY, "Location": f"http://{IDENTITY}.example"})

    with HeapServer(echo) as server:
        outcome = shop.sync("--log-format", "json", "--max-wait", "0", HEAP_BASE_URL=server.url)
        assert server.received
    assert outcome.exit_code == 1
    must_be_silent(shop, outcome.stdout, outcome.stderr)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"password": 2**62},
        {"port": PASSWORD},
        {"host": f"postgres://someone:{PASSWORD}@127.0.0.1:1/shop"},
        {"search_path": f"password={PASSWORD}"},
    ],
    ids=["no server", "a password that is a number", "in another key", "in an address", "in an option"],
)
def test_invalid_profile_is_reported_without_its_password(shop: Project, wrong: dict[str, object]) -> None:
    output = {
        "type": "postgres", "host": "127.0.0.1", "port": 1, "user": "someone", "password": PASSWORD, "dbname": "shop",
        "schema": "public", "threads": 1, "connect_timeout": 1, "retries": 0,
    }  # fmt: skip
    profiles = {"shop": {"target": "dev", "outputs": {"dev": {**output, **wrong}}}}
    (shop.folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    for command in ("sync", "debug"):
        outcome = shop.run(command, "--allow-target-mismatch", **TALKING)  # the manifest is of another warehouse
        assert outcome.exit_code == 2
        assert "the warehouse refused" in outcome.stdout + outcome.stderr
        assert str(2**62) not in outcome.stdout + outcome.stderr
        must_be_silent(shop, outcome.stdout, outcome.stderr)


def test_proxy_that_fails_is_reported_without_its_password(shop: Project) -> None:
    proxy = f"http://someone:{PASSWORD}@127.0.0.1:1"
    ran = talking(
        shop, "sync", "--max-wait", "0.5", HEAP_BASE_URL="https://heap.example", HTTPS_PROXY=proxy, NO_PROXY=""
    )
    assert ran.returncode == 1
    must_be_silent(shop, ran.stdout, ran.stderr)


STATEMENT = 'create table "outbox" as select "plan" from "shop"."heap_users"'
VALUES = ["canary", "o'canary it", 'a" canary', "x' canary 'y", "(canary", "canary) canary", "🐤 canary", "7' canary"]
DRIVERS = [
    "Conversion Error: Could not convert string '{}' to INT32 when casting from source column plan",
    'invalid input syntax for type integer: "{}"\nLINE 1: {}',
    'invalid input value for enum mood: "{}"',
    "Bad int64 value: {}",
    "Numeric value '{}' is not recognized",
    '[CAST_INVALID_INPUT] The value \'{}\' of the type "STRING" cannot be cast to "INT"',
    "duplicate key value violates unique constraint\nDETAIL:  Key (user_id)=({}) already exists.",
    "Type VARCHAR with value '{}' can't be cast to the destination type INTEGER[]",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("reported", DRIVERS)
def test_driver_message_about_a_value_is_shown_without_the_value(reported: str, value: str) -> None:
    assert "canary" not in redacted(reported.replace("{}", value), STATEMENT)


def test_sparks_message_is_shown_as_far_as_it_says_what_happened() -> None:
    said = "Runtime Error\n  An error occurred while calling o39.sql.\n  : java.lang.OutOfMemoryError: Java heap space"
    assert redacted(said, STATEMENT) == "java.lang.OutOfMemoryError: Java heap space"


def test_driver_message_about_names_is_shown() -> None:
    for reported in ('column "plan" of relation "heap_users" does not exist', 'permission denied for schema "shop"'):
        assert redacted(reported, STATEMENT) == reported
