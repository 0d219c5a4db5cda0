"""The macros: where each one is, which are public, and what their documentation says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby
from pathlib import Path
from typing import Any

import dbt.include
import pytest
import yaml
from dbt.parser.schemas import is_valid_type
from dbt_common.clients.jinja import get_environment
from jinja2 import nodes

from dbt_heap.state import contract
from dbt_heap.state.log import LogEntry
from tests.integration import ROOT

FILES = sorted((ROOT / "macros").rglob("*.sql"))
WAREHOUSES = {"default", "duckdb", "postgres", "redshift", "snowflake", "bigquery", "spark", "databricks"}
CALLED = {"identity_reason", "event_name_reason", "property_reason"}  # by a project's own SQL
DOCUMENTED: list[dict[str, Any]] = yaml.safe_load((ROOT / "macros" / "_macros.yml").read_text())["macros"]


def macros(file: Path) -> Iterator[nodes.Macro]:
    """The macros of a file. dbt gives each a prefix, and a generic test one more."""
    for macro in get_environment().parse(file.read_text()).find_all(nodes.Macro):
        macro.name = macro.name.removeprefix("dbt_macro__")
        yield macro


def names(file: Path) -> list[str]:
    """The names of a file's macros."""
    return [macro.name for macro in macros(file)]


def base(name: str) -> str:
    """A macro's name without the warehouse."""
    warehouse, found, rest = name.partition("__")
    return rest if found and warehouse in WAREHOUSES else name


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_macro_file_is_small_and_named_after_one_macro(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= 60
    assert "target.type" not in text
    held = {base(name).removeprefix("test_") for name in names(file)}
    assert len(held) > 1 or base(file.stem) in held
    assert not any(name.startswith("_") for name in names(file))


def test_macro_files_are_few_and_their_names_are_unique() -> None:
    assert len(FILES) <= 90
    assert len({file.name for file in FILES}) == len(FILES)
    every = [name for file in FILES for name in names(file)]
    assert [name for name, same in groupby(sorted(every)) if len([*same]) > 1] == []


def test_everything_about_one_warehouse_is_in_the_adapters_folder() -> None:
    elsewhere = [name for file in FILES if file.parent.name != "adapters" for name in names(file)]
    assert {name for name in elsewhere if name.partition("__")[0] in WAREHOUSES - {"default"}} == set()


def test_no_macro_replaces_one_of_dbts() -> None:
    files = [file for folder in dbt.include.__path__ for file in Path(folder).rglob("*.sql")]
    theirs = {name for file in files for name in re.findall(r"{%-?\s*macro\s+(\w+)\(", file.read_text())}
    assert len(theirs) > 500
    assert not {name for file in FILES for name in names(file)} & theirs


def test_every_macro_is_used() -> None:
    sql = " ".join(file.read_text() for folder in ("macros", "models") for file in (ROOT / folder).rglob("*.sql"))
    python = " ".join(file.read_text() for file in (ROOT / "dbt_heap").rglob("*.py"))
    public = {macro["name"] for macro in DOCUMENTED}
    for name in {base(name) for file in FILES for name in names(file)} - public:
        assert f"dbt_heap.{name}(" in sql or f'"{name}"' in python, name


def test_public_macros_are_documented_with_their_arguments() -> None:
    arguments = {macro.name: [each.name for each in macro.args] for file in FILES for macro in macros(file)}
    dispatched = {name.removeprefix("default__") for name in arguments if name.startswith("default__")}
    assert {macro["name"] for macro in DOCUMENTED} == dispatched | CALLED
    assert {macro["name"]: [each["name"] for each in macro["arguments"]] for macro in DOCUMENTED} == {
        name: arguments[name] for name in dispatched | CALLED
    }
    for macro in DOCUMENTED:
        assert macro["description"].strip().endswith(".")
        assert all(is_valid_type(each["type"]) and each["description"] for each in macro["arguments"]), macro["name"]


def used_keys() -> Iterator[tuple[str, str]]:
    """Every key that a macro uses of an argument, or of what it loops over: (the argument's name, the key)."""
    for macro in (macro for file in FILES for macro in macros(file)):
        targets = [loop.target for loop in macro.find_all(nodes.For)]
        given = {each.name for each in [*macro.args, *targets] if isinstance(each, nodes.Name)}
        for use in macro.find_all(nodes.Getattr):
            inner = use.node.node if isinstance(use.node, nodes.Getitem) else use.node  # `relations[0].schema`
            if isinstance(inner, nodes.Getattr):  # `plan.deletion.log`
                yield inner.attr, use.attr
            elif isinstance(inner, nodes.Name) and inner.name in given:
                yield inner.name if inner is use.node else inner.name.removesuffix("s"), use.attr
        for filtered in macro.find_all(nodes.Filter):  # `plan.columns | map(attribute='value_class')`
            named = filtered.args[:1] if filtered.name in ("selectattr", "groupby") else []
            for each in [*named, *(each.value for each in filtered.kwargs if each.key == "attribute")]:
                if isinstance(each, nodes.Const) and isinstance(each.value, str):
                    assert any(each.value in keys.__annotations__ for keys in contract.ARGUMENTS.values()), each.value


def test_macros_use_the_keys_that_python_passes_and_no_others() -> None:
    used = defaultdict(set)
    for name, key in used_keys():
        used[name].add(key)
    for name, keys in contract.ARGUMENTS.items():
        assert used[name] == {*keys.__annotations__}, name


def test_log_has_a_column_for_every_field_of_an_entry() -> None:
    (macro,) = (macro for file in FILES for macro in macros(file) if macro.name == "log_columns")
    (columns,) = macro.find_all(nodes.Dict)
    named = {pair.key.value for pair in columns.items if isinstance(pair.key, nodes.Const)}
    assert named == {field.name for field in fields(LogEntry)} - {"seconds_ago"} | {"at"}
