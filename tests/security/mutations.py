"""Real manifests and variables of projects, changed at random where it may hurt: any value, anywhere."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dbt_heap.project.heap_vars import HeapVars, NeverSend
from dbt_heap.project.validation import keys
from dbt_heap.syncs.block import Block
from dbt_heap.syncs.sync import SyncType

WRITTEN = [json.loads(path.read_bytes()) for path in sorted((Path(__file__).parents[1] / "unit/manifests").glob("*"))]

BLOCKS: list[Any] = [
    {"type": "user_properties", "identity": "user_id", "properties": ["city", {"Plan": "plan"}], "max_rows": "20%"},
    {"type": "account_properties", "account_id": "id", "properties": "*", "except": ["phone"], "nulls": "blank"},
    {
        "type": "events", "heap_user_id": "user_id", "event_name_column": "kind", "timestamp": "at",
        "lookback": "3 days", "begin": "2026-01-31", "unique_key": ["a", "b"],
        "properties": {"Total": "total", "timestamp": "at"},
        "properties_column": "more", "timezone": "Europe/Berlin", "allow_rejected": 3,
    },
    [
        {"name": "one", "type": "user_properties", "identity": "user_id", "properties": ["phone"], "max_rows": 9},
        {"name": "two", "type": "events", "identity": "id", "event_name": "Left", "unique_key": "a", "enabled": False},
    ],
]  # fmt: skip
COLUMNS: list[Any] = [{}, {"config": {"meta": {"heap": True}}}, {"config": {"meta": {"heap": {"property": "City"}}}}]
VARIABLES: list[Any] = [
    {},
    {"app_id": 123, "schema": "dbt_heap", "never_send": {"tags": ["pii"], "columns": ["*ssn*"], "meta": ["secret"]}},
    {"environments": {"main": {"prod": "1", "dev": 2}, "b": {"prod": "3", "region": "eu", "events_per_minute": 5}}},
    {"app_ids": {"dev": "{{ env_var('ID', '1') }}"}, "defaults": {"identity": "user_id", "timezone": "UTC"}},
]

HOSTILE = [
    "", " ", "*", "\0", "\x1b[31mred\x1b[0m", "a\nb", "\r\n", "\u202etxt.exe", "\ud800", "'; drop table t; --", '"x"',
    "`x`", "{{ 1/0 }}", "{% for x in (1).__class__.mro() %}", "{{ env_var('NOT_SET') }}", "\U0001d4b3", "e\u0301",
    "x" * 300, "é" * 2000, "true", "null", "NaN", "1" * 30, "9999-99-99", "2026-02-31", "0%", "999999%", "-1", "1e400",
    "99999 weeks", "Europe/Berlin", "../../etc/passwd", "https://user:secret@heap.example",
]  # fmt: skip
WORDS = [
    *keys(Block), *keys(HeapVars), *keys(NeverSend), *map(str, SyncType), "heap", "meta", "config", "columns",
    "property", "main", "name", "materialized", "ephemeral", "snapshot", "source", "resource_type", "relation_name",
]  # fmt: skip

texts = st.sampled_from(WORDS) | st.sampled_from(HOSTILE) | st.text(max_size=8)
scalars = (
    texts
    | st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, -1, 2**63, 10**40, 10**400])
    | st.floats()
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
)
# YAML knows dates, and keys that are no texts.
yaml_values = st.recursive(
    scalars | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            texts | st.none() | st.booleans() | st.integers() | st.just(date(2026, 1, 1)), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@st.composite
def manifests(draw: st.DrawFn) -> Any:
    """A manifest that dbt wrote, with other declarations in it, mutated."""
    manifest = copy.deepcopy(draw(st.sampled_from(WRITTEN)))
    for node in manifest["nodes"].values():
        node["config"]["meta"]["heap"] = copy.deepcopy(draw(st.sampled_from(BLOCKS)))
        said = draw(st.sampled_from(COLUMNS))
        node["columns"] = {"phone": {"name": "phone"}, "city": {"name": "city", **copy.deepcopy(said)}}
    return _mutated(draw, manifest, json_values)


@st.composite
def variables(draw: st.DrawFn) -> Any:
    """Draw a mutated value of `vars: dbt_heap:`."""
    return _mutated(draw, copy.deepcopy(draw(st.sampled_from(VARIABLES))), yaml_values)


def _mutated(draw: st.DrawFn, tree: Any, values: st.SearchStrategy[Any]) -> Any:
    root: dict[str, Any] = {"": tree}
    for _ in range(draw(st.integers(0, 4))):
        places = list(_places(root))
        if not places:
            break
        # What is declared is a small part of a manifest, and the part that is read closely.
        close = [(parent, key) for parent, key, declared in places if declared]
        chosen = close if close and draw(st.integers(0, 3)) > 0 else [(parent, key) for parent, key, _ in places]
        parent, key = chosen[draw(st.integers(0, len(chosen) - 1))]
        other_parent, other_key, _ = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(["put", "put", "word", "remove", "rename", "copy", "wrap", "add"]))
        _change(draw, change, parent, key, copy.deepcopy(other_parent[other_key]), values)
    return root.get("")


def _change(draw: st.DrawFn, change: str, parent: Any, key: Any, other: Any, values: st.SearchStrategy[Any]) -> None:
    value = parent[key]
    if change == "put":
        parent[key] = draw(values)
    elif change == "word":
        parent[key] = draw(texts)
    elif change == "copy":
        parent[key] = other
    elif change == "wrap":
        parent[key] = [value] if draw(st.booleans()) else {draw(texts): value}
    elif change == "add" and isinstance(value, dict):
        value[draw(texts)] = draw(values)
    elif change == "add" and isinstance(value, list):
        value.append(draw(values))
    elif change == "rename" and isinstance(parent, dict):
        parent[draw(texts)] = parent.pop(key)
    elif change == "remove" and key != "":
        del parent[key]


def _places(parent: Any, declared: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """Every value in a tree: what holds it, under which key, and whether it belongs to a declaration."""
    for key in list(parent) if isinstance(parent, dict) else range(len(parent)):
        inside = declared or key in ("heap", "columns")
        yield parent, key, inside
        if isinstance(parent[key], (dict, list)):
            yield from _places(parent[key], inside)
