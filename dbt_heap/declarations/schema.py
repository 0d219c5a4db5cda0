"""The JSON Schema of `meta.heap`, for editors, made of the model that parses it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dbt_heap.declarations.block import TYPES_OF, Block, suits
from dbt_heap.declarations.sync import SyncType


class _AsWritten(GenerateJsonSchema):
    """A key that is not given is left out, and never null; titles would only repeat the keys."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def block_schema() -> dict[str, Any]:
    """The JSON Schema, draft 2020-12, of the value of `meta.heap`: a block, or a list of blocks."""
    block = Block.model_json_schema(schema_generator=_AsWritten)
    definitions = block.pop("$defs", {})
    block |= {"required": ["type"], "allOf": [_foreign_keys(each) for each in SyncType]}
    one = {"$ref": "#/$defs/Block"}
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "meta.heap",
        "description": "What dbt-heap sends to Heap of a dbt model: one block, or a list of blocks.",
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        "$defs": {**definitions, "Block": block},
    }


def _foreign_keys(sync_type: SyncType) -> dict[str, Any]:
    """That a block of this type has no key of another's."""
    foreign = [key for key in TYPES_OF if not suits(key, sync_type)]
    return {
        "if": {"properties": {"type": {"const": str(sync_type)}}, "required": ["type"]},
        "then": {"properties": dict.fromkeys(foreign, False)},
    }
