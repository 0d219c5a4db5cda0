"""Every name and text out of a project reaches SQL through quotes, on each warehouse there is an adapter for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from dbt_common.clients.jinja import get_environment
from jinja2 import nodes
from sqlglot import Dialect, TokenType, tokenize

from dbt_heap.project.validation import identifier
from dbt_heap.warehouse.connection import Warehouse
from tests.integration import ROOT
from tests.offline_adapters import on_every_adapter
from tests.security.test_hostile_names import HOSTILE

FROM_A_PROJECT = {
    *("column.column", "column.name", "plan.timestamp", "plan.begin", "plan.newer_than", "plan.key_columns"),
    *("plan.sync", "plan.destination", "instant"),  # the last one goes through begin and newer_than
}
QUOTES = {"quote", "literal", "key_text"}  # functions that quote what they are given

pytestmark = pytest.mark.filterwarnings("ignore:Valid config keys have changed in V2")  # of dbt-databricks


@on_every_adapter
def test_text_stays_one_text(offline_warehouse: Warehouse) -> None:
    escapes = "\\" in Dialect.get_or_raise(offline_warehouse.adapter_type).tokenizer_class.STRING_ESCAPES
    for text in [*HOSTILE.values(), "\\", "'", "\\'", "'\\", "\\\\'", "''", '"', "x\\\n'"]:
        written = offline_warehouse._adapter.execute_macro("literal", project="dbt_heap", kwargs={"text": text})
        (found,) = tokenize(written, read=offline_warehouse.adapter_type)
        assert found.token_type is TokenType.STRING
        assert found.text == text or (escapes and {"\n", "\r"} & set(text))


@on_every_adapter
def test_name_that_is_not_refused_stays_one_name(offline_warehouse: Warehouse) -> None:
    for name in allowed(HOSTILE.values()):
        (found,) = tokenize(offline_warehouse._adapter.quote(name), read=offline_warehouse.adapter_type)
        assert (found.token_type, found.text) == (TokenType.IDENTIFIER, name)


def allowed(names: Iterable[str]) -> list[str]:
    """The names that a declaration may use of a column."""
    kept = []
    for name in names:
        try:
            kept.append(identifier(name))
        except ValueError:
            continue
    assert len(kept) > 5
    return kept


def test_no_macro_writes_a_name_of_a_project_without_quotes() -> None:
    seen = 0
    for file in sorted((ROOT / "macros").rglob("*.sql")):
        tree = get_environment().parse(file.read_text())  # dbt's own knows the tag `test`
        for name, quoted in uses(tree, quoted=False):
            assert quoted, f"{file.name}: {name}"
            seen += 1
    assert seen >= 10


def uses(node: nodes.Node, quoted: bool) -> Iterator[tuple[str, bool]]:
    """Every mention of what a project names, and whether it is quoted or only asked about."""
    name = node.name if isinstance(node, nodes.Name) and node.ctx == "load" else ""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        name = f"{node.node.name}.{node.attr}"
    if name in FROM_A_PROJECT:
        yield name, quoted
    for field, value in node.iter_fields():
        asked = isinstance(node, (nodes.If, nodes.CondExpr, nodes.For)) and field in ("test", "iter")
        called = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in QUOTES
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, nodes.Node):
                yield from uses(child, quoted or asked or (called and field == "args"))
