"""Any content of a manifest or of project.dbt_project is read, or refused in one sentence."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_heap.errors import DeclarationError, ManifestError, Mistake
from dbt_heap.project.dbt_project import read_project
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.nodes import Model
from dbt_heap.syncs.column_check import Columns, Readable, check_columns
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.sync import Sync
from tests.integration import ROOT
from tests.long import LONG
from tests.security.mutations import WRITTEN, manifests, variables

NOWHERE = Path(__file__).parent / "no project"
fuzz = settings(
    max_examples=50_000 if LONG else 200,
    derandomize=not LONG,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "manifest.json"


def _always(columns: Columns, _: Sync) -> Columns:
    return columns


@fuzz
@given(
    manifest=manifests(), variables=variables(), classes=st.lists(st.sampled_from(ValueClass), min_size=1, max_size=3)
)
def test_any_value_anywhere_is_read_or_refused_in_one_sentence(
    path: Path, manifest: Any, variables: Any, classes: list[ValueClass]
) -> None:
    path.write_text(json.dumps(manifest))
    heap_vars = read_vars(variables)
    for sync in declared(read_models(path), heap_vars):
        columns = {column.name: classes[index % len(classes)] for index, column in enumerate(sync.model.columns)}
        readable = Readable(partial(_always, columns), lambda _: None, lambda *_: [])
        must_be_told(check_columns([sync], readable))


@fuzz
@given(manifest=manifests(), data=st.data())
def test_damaged_file_is_read_or_refused_in_one_sentence(path: Path, manifest: Any, data: st.DataObject) -> None:
    content = bytearray(json.dumps(manifest, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    for _ in range(data.draw(st.integers(1, 3))):
        first = data.draw(st.integers(0, len(content)))
        last = first + data.draw(st.integers(0, 3) | st.integers(0, len(content)))
        content[first:last] = data.draw(st.binary(max_size=3))
    path.write_bytes(content)
    declared(read_models(path), HeapVars())


def read_models(path: Path) -> Sequence[Model]:
    """The models of a manifest; none where it is refused."""
    try:
        return read_manifest(path).models
    except ManifestError as refusal:
        assert str(path) in str(refusal)
        must_be_plain(str(refusal))
        return ()


def read_vars(given: Any) -> HeapVars:
    """The variables; those of a project that has none where they are refused."""
    try:
        return read_project(NOWHERE, {"dbt_heap": given}, {}).heap_vars
    except DeclarationError as refusal:
        must_be_told(refusal.mistakes)
        return HeapVars()


@pytest.mark.parametrize(
    "given",
    [{"\ud800": 1}, {"never_send": {"\ud800": []}}, {"environments": {"main": {"\ud800": "1"}}}],
    ids=["a key", "a key below", "a target"],
)
def test_half_of_a_surrogate_pair_is_reported(given: Any) -> None:
    assert read_vars(given) == HeapVars()


def declared(models: Sequence[Model], heap_vars: HeapVars) -> Sequence[Sync]:
    """What they declare; nothing where that is refused."""
    try:
        declarations = declare(models, heap_vars)
    except DeclarationError as refusal:
        must_be_told(refusal.mistakes)
        return ()
    for warning in declarations.warnings:
        must_be_plain(warning)
    return declarations.syncs


def must_be_told(mistakes: Sequence[Mistake]) -> None:
    """Each says where, and what is wrong, in our own words."""
    for mistake in mistakes:
        assert mistake.key.strip() and mistake.text.strip(), mistake
        assert "Input should" not in mistake.text, "pydantic's words"
        must_be_plain(str(mistake))


def must_be_plain(text: str) -> None:
    """One line that a terminal shows as it is."""
    assert text.strip() and text.isprintable(), repr(text)


def test_mistakes_of_a_large_project_are_reported_in_bounded_time(path: Path) -> None:
    manifest = copy.deepcopy(WRITTEN[0])
    node = manifest["nodes"].popitem()[1]
    wrong = {"type": "event", "timezone": "Europe/Berlim", "propertys": ["x" * 1000], "identity": "y" * 100_000}
    node["config"]["meta"]["heap"] = [{"name": f"sync {index}", **wrong} for index in range(10)]
    manifest["nodes"] = {f"model.shop.m{index}": node for index in range(20)}
    path.write_text(json.dumps(manifest))
    code = "import sys; from tests.security.test_fuzz import *; declared(read_models(Path(sys.argv[1])), HeapVars())"
    subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, check=True, timeout=300)
