"""The JSON Schema that editors get, and the page that people read."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from dbt_heap.errors import DeclarationError
from dbt_heap.syncs.block import block_schema
from tests.unit.declaring import braced, declared

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "declarations.md").read_text()
EXAMPLES = [text for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M) if text.startswith("models:")]
VARIABLES = [text for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.S | re.M) if text.startswith("vars:")]

KEYS = {
    "type", "name", "enabled", "environment", "identity", "heap_user_id", "account_id", "event_name",
    "event_name_column", "timestamp", "session_id", "idempotency_key", "unique_key", "properties", "except",
    "properties_column", "begin", "lookback", "nulls", "too_long", "null_identity", "timezone", "max_rows",
    "allow_rejected", "renamed_from", "log",
}  # fmt: skip


def fits(heap: str) -> bool:
    """Whether an editor would take this value of `meta.heap`."""
    return bool(Draft202012Validator(block_schema()).is_valid(as_json(yaml.safe_load(braced(heap)))))


def as_json(value: Any) -> Any:
    """What YAML gave, as dbt writes it into the manifest."""
    if isinstance(value, dict):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def blocks(document: str) -> list[Any]:
    """The values of `meta.heap` of a YAML file."""
    return [each["config"]["meta"]["heap"] for each in yaml.safe_load(document)["models"]]


def test_schema_is_one() -> None:
    Draft202012Validator.check_schema(block_schema())


def test_schema_documents_every_key_and_no_other() -> None:
    block = block_schema()["$defs"]["Block"]
    assert block["properties"].keys() == KEYS
    assert all(each["description"] for each in block["properties"].values())
    assert block["additionalProperties"] is False


@pytest.mark.parametrize("document", [(ROOT / "integration_tests/models/_models.yml").read_text(), *EXAMPLES])
def test_schema_accepts_declarations_of_the_project_and_the_docs(document: str) -> None:
    for heap in blocks(document):
        assert Draft202012Validator(block_schema()).is_valid(as_json(heap)), heap


USERS = "type: user_properties, identity: user_id, properties: "


@pytest.mark.parametrize(
    "heap",
    [
        "[]",
        "user_properties",
        "identity: user_id, properties: [plan]",
        "type: users, identity: user_id, properties: [plan]",
        USERS + "[plan], propertys: [plan]",
        USERS + "[plan], timestamp: at",
        USERS + "[plan], nulls: ",
        USERS + "[plan], max_rows: 0",
        USERS + "[plan], max_rows: 20 percent",
        USERS + "[plan], enabled: 'no'",
        USERS + "[plan], name: my sync",
        USERS + "plan",
        USERS + "[{a: b, c: d}]",
        USERS + "{'': plan}",
        "type: events, identity: user_id, event_name: Paid, unique_key: id, nulls: blank",
        "type: events, identity: user_id, event_name: Paid, unique_key: id, lookback: 3d",
        "type: events, identity: user_id, event_name: Paid, unique_key: []",
    ],
)
def test_schema_alone_refuses_mistakes(heap: str) -> None:
    assert not fits(heap)


def test_page_has_every_key_in_its_table() -> None:
    first = {cell.strip() for cell in re.findall(r"^\|([^|]*)\|", PAGE, re.M)}
    assert {f"`{key}`" for key in KEYS} <= first


@pytest.mark.parametrize("document", EXAMPLES)
def test_examples_of_the_page_are_declared_without_mistakes(document: str) -> None:
    assert declared(document).syncs


def test_page_shows_an_example_of_each_type_and_of_the_project_wide_keys() -> None:
    types = {str(sync.type) for document in EXAMPLES for sync in declared(document).syncs}
    assert types == {"user_properties", "account_properties", "events"}
    for text in VARIABLES:
        variables = yaml.safe_load(text)["vars"]["dbt_heap"]
        for document in EXAMPLES[:1]:
            declared(document, yaml.safe_dump(variables))
    assert VARIABLES


def test_mistakes_on_the_page_are_those_that_are_reported() -> None:
    (heap, reported) = re.findall(r"^```yaml\n(heap:.*?)^```.*?^```text\n(.*?)\n```", PAGE, re.S | re.M)[0]
    model = {"name": "heap_users", "config": {"meta": yaml.safe_load(heap)}}
    with pytest.raises(DeclarationError) as refusal:
        declared(yaml.safe_dump({"models": [model]}))
    assert str(refusal.value) == reported
