"""Commands, options and keys of other tools are answered with their counterpart here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
import pytest
from dbt.cli.main import cli as dbt

from dbt_heap.cli.group import COMMANDS as OURS
from dbt_heap.cli.suggestions import COMMANDS, OPTIONS, OPTIONS_OF
from dbt_heap.project.validation import keys
from dbt_heap.syncs.block import Block
from dbt_heap.syncs.parsing import counterpart
from dbt_heap.syncs.sync import SyncType
from tests.project import dbt_heap
from tests.unit.declaring import mistakes, one

TYPED = {
    "run": "dbt-heap sync",
    "list": "dbt-heap ls",
    "build": "dbt build",
    "status": "dbt-heap runs",
    "reset": "dbt-heap state reset",
    "init": "dbt-heap generate MODEL",
    "retry": "dbt-heap sync --retry-rejected",
    "synk": "did you mean `sync`?",
    "sync --dry-run": "dbt-heap plan",
    "sync --full-refresh": "in dbt it means rebuild, here it would send every row to Heap again",
    "sync -f": "dbt-heap sync --resync",
    "sync -m people": "use --select",
    "sync --models people": "use --select",
    "sync --profile-dir .": "use --profiles-dir",
    "sync --no-partial-parse": "this option is for dbt",
    "sync --no_partial_parse": "this option is for dbt",
    "sync --no-resync": "it is the default",
    "sync --debug": "dbt-heap debug",
    "sync --limit 5": "not available in this version",
    "sync --output json": "target/heap_results.json",
    "plan --resync": "it is an option of sync",
    "plan --dry-run": "this command sends nothing",
    "sync customers": "dbt-heap sync --select customers",
    "plan +a b": "dbt-heap plan --select",
    "explain 42": "--key-file FILE",
    "explain --key-file - 42": "--key-file FILE",
    "state list": "dbt-heap state show",
    "state clear people": "dbt-heap state reset SYNC",
    "state forget 42": "dbt-heap state forget --key-file FILE",
    "--target prod sync": "options are written after the command: dbt-heap sync --target",
    "--debug sync": "dbt-heap debug",
}


@pytest.mark.parametrize("typed", TYPED)
def test_options_of_other_tools_are_answered_with_their_counterpart(typed: str) -> None:
    ran = dbt_heap(*typed.split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert TYPED[typed] in ran.stderr and "full-scan" not in ran.stderr
    assert len(ran.stderr.splitlines()) <= 2
    assert "42" not in ran.stderr


@pytest.mark.parametrize("typed", ["sync 42", "42@example.org"])
def test_possible_row_key_in_a_command_is_not_repeated(typed: str) -> None:
    assert "42" not in dbt_heap(*typed.split()).stderr


SELECTING = ("build", "run", "list", "test", "compile", "show", "seed", "snapshot")


def test_every_option_and_command_of_dbt_is_answered() -> None:
    ours = {each for parameter in command("sync").params for each in parameter.opts}
    theirs = {
        each
        for found in (dbt, *(dbt.commands[name] for name in SELECTING))
        for parameter in found.params
        for each in options(parameter)
    }
    answered = OPTIONS.keys() | {option for _, option in OPTIONS_OF} | {"--version", "-V", "-v", "--help"}
    assert {each for each in theirs - ours - answered if not each.startswith("--no-")} == set()
    assert set(dbt.commands) - set(OURS) - set(COMMANDS) == set()


def test_existing_options_have_no_counterpart_message() -> None:
    assert not COMMANDS.keys() & OURS.keys()
    assert not {each for parameter in command("sync").params for each in parameter.opts} & OPTIONS.keys()
    assert not [key for key in keys(Block) if counterpart(key, None)]


def command(name: str) -> click.Command:
    found: click.Command = import_module(f"dbt_heap.cli.{name}").command
    return found


def options(parameter: Any) -> list[str]:
    return [each for each in (*parameter.opts, *parameter.secondary_opts) if each.startswith("-")]


KEYS = {
    ("events", "primary_key"): "use `unique_key`",
    ("user_properties", "primaryKey"): "use `identity`",
    ("account_properties", "primary-key"): "use `account_id`",
    ("events", "mappings"): "use `properties`",
    ("user_properties", "fields"): "use `properties`",
    ("user_properties", "columns"): "use `properties`",
    ("events", "event"): "use `event_name`",
    ("events", "eventType"): "use `event_name`",
    ("user_properties", "mode"): "leave it out: every sync sends what is new or changed",
    ("user_properties", "sync_mode"): "dbt-heap sync --resync",
    ("user_properties", "operation"): "leave it out",
    ("user_properties", "filter"): "the model is the filter",
    ("user_properties", "where"): "the model is the filter",
    ("user_properties", "model"): "a block belongs to the model that it is written on",
    ("user_properties", "destination"): "vars: dbt_heap:",
    ("user_properties", "object"): "use `type`",
    ("user_properties", "external_id"): "use `identity`",
    ("user_properties", "schedule"): "dbt-heap has no scheduler",
    ("user_properties", "on_delete"): "type: user_deletions",
    ("events", "user_id"): "`identity` names the column that holds Heap's identity",
    ("user_properties", "lookbak"): "did you mean `lookback`? It belongs to: events",
    ("user_properties", "propertys"): "did you mean `properties`?",
}


@pytest.mark.parametrize(("sync_type", "key"), KEYS)
def test_key_of_another_tool_is_answered_with_its_counterpart(sync_type: str, key: str) -> None:
    reported = [
        text for _, _, where, text in mistakes(one(f"type: {sync_type}, {key}: x")) if where == f"meta.heap.{key}"
    ]
    assert len(reported) == 1 and reported[0].startswith("unknown key") and KEYS[sync_type, key] in reported[0]
    assert len(reported[0]) < 160  # a sentence, no list of all keys


@pytest.mark.parametrize(
    ("heap", "keys"),
    [
        ("type: user_properties, identiti: a, propertys: [b]", ["identiti", "propertys"]),
        ("type: user_properties, primary_key: a, mappings: [b]", ["mappings", "primary_key"]),
        ("type: events, user_id: a, event: b, primary_key: c", ["event", "primary_key", "user_id"]),
        ("typ: events", ["typ"]),
        ("type: user_properties, identity: a, lookbak: 3 days", ["lookbak", "properties"]),
    ],
)
def test_misspelt_key_is_not_also_reported_as_missing(heap: str, keys: list[str]) -> None:
    assert [key.removeprefix("meta.heap.") for _, _, key, _ in mistakes(one(heap))] == keys


@pytest.mark.parametrize("sync_type", list(SyncType))
def test_other_unknown_keys_are_answered_with_the_keys_of_the_type(sync_type: SyncType) -> None:
    reported = [text for _, _, where, text in mistakes(one(f"type: {sync_type}, frobnicate: x")) if "frob" in where]
    assert reported[0].startswith(f"unknown key. Keys for {sync_type}: type, name, enabled")
    assert ("event_name" in reported[0]) == (sync_type is SyncType.EVENTS)
