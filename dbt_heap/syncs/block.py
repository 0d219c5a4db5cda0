"""The keys of a block of `meta.heap`, their types and descriptions. The JSON Schema is generated from this."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SkipValidation, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from dbt_heap.http.limits import MAX_EVENT_NAME, MAX_TEXT
from dbt_heap.project.validation import flag, identifier, one_of, text
from dbt_heap.syncs import fields
from dbt_heap.syncs.sync import Allowance, SyncType

_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}
_NAME = {"type": "string", "pattern": f"^{fields.SYNC_NAME}$", "maxLength": fields.MAX_NAME}
_DAY = {"type": "string", "format": "date", "pattern": f"^{fields.DATE}$"}
_SPAN = {"type": "string", "pattern": f"^{fields.SPAN}$"}
_PERCENT = {"type": "string", "pattern": f"^{fields.PERCENT}$"}
_FROM_1 = {"anyOf": [{"type": "integer", "minimum": 1}, _PERCENT]}
_FROM_0 = {"anyOf": [{"type": "integer", "minimum": 0}, _PERCENT]}

# `| None` is the value of a key that is not set. The validators refuse an explicit null.
Text = Annotated[str | None, BeforeValidator(text), WithJsonSchema(_TEXT)]
Column = Annotated[str | None, BeforeValidator(identifier), WithJsonSchema(_TEXT)]
Columns = Annotated[tuple[str, ...] | None, BeforeValidator(fields.columns), WithJsonSchema(_TEXTS)]
Type = Annotated[SyncType | None, BeforeValidator(fields.sync_type)]
Name = Annotated[str | None, BeforeValidator(fields.sync_name), WithJsonSchema(_NAME)]
Names = Annotated[
    tuple[str, ...] | None,
    BeforeValidator(fields.renamed_from),
    WithJsonSchema({"anyOf": [_NAME, {"type": "array", "items": _NAME}]}),
]
Flag = Annotated[bool, BeforeValidator(flag)]
EventName = Annotated[
    str | None, BeforeValidator(fields.event_name), WithJsonSchema({**_TEXT, "maxLength": MAX_EVENT_NAME})
]
Day = Annotated[date | None, BeforeValidator(fields.day), WithJsonSchema(_DAY)]
Span = Annotated[timedelta | None, BeforeValidator(fields.span), WithJsonSchema(_SPAN)]
Nulls = Annotated[Literal["omit", "blank"] | None, BeforeValidator(partial(one_of, choices=("omit", "blank")))]
TooLong = Annotated[
    Literal["truncate", "reject"] | None, BeforeValidator(partial(one_of, choices=("truncate", "reject")))
]
NullIdentity = Annotated[Literal["reject", "skip"] | None, BeforeValidator(partial(one_of, choices=("reject", "skip")))]
Zone = Annotated[str | None, BeforeValidator(fields.zone), WithJsonSchema(_TEXT)]
MaxRows = Annotated[Allowance | None, BeforeValidator(fields.max_rows), WithJsonSchema(_FROM_1)]
AllowRejected = Annotated[Allowance | None, BeforeValidator(fields.allow_rejected), WithJsonSchema(_FROM_0)]

PropertyName = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
ColumnName = Annotated[str, Field(min_length=1)]
Rename = Annotated[dict[PropertyName, ColumnName], Field(min_length=1, max_length=1)]
# Parsed in properties.py, which reports mistakes at the item, not at the key.
Properties = Annotated[dict[PropertyName, ColumnName] | list[ColumnName | Rename] | Literal["*"] | None, SkipValidation]


class Block(BaseModel):
    """What to send to Heap from the rows of a model."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)

    type: Type = Field(None, description="What each row is in Heap. Required.")
    name: Name = Field(
        None,
        description="The name of the sync. Default: the model's name. Required if the model has several blocks.",
    )
    enabled: Flag = Field(True, description="Whether the sync runs. Default: true.")
    environment: Text = Field(
        None, description="An entry of vars.dbt_heap.environments. Default: the only one, or `main`."
    )
    identity: Column = Field(
        None,
        description="The column with what your app passes to `heap.identify`. Heap creates a user for an unknown one.",
    )
    heap_user_id: Column = Field(
        None, description="The column with the numeric ID that Heap's SDK assigns, instead of `identity`."
    )
    account_id: Column = Field(
        None,
        description="The column with the value of the user property that is set as Account ID in Heap.",
    )
    event_name: EventName = Field(None, description="The name of all events. Set this or `event_name_column`.")
    event_name_column: Column = Field(
        None, description="The column with the name of each event. Set this or `event_name`."
    )
    timestamp: Column = Field(
        None, description="The column with the time of the event. Default: the time when Heap receives it."
    )
    session_id: Column = Field(None, description="The column with the ID of a Heap session.")
    idempotency_key: Column = Field(
        None,
        description="The column by which Heap recognizes a repeated event. Default: a digest of the unique key.",
    )
    unique_key: Columns = Field(
        None,
        description="The column or columns that are unique per event. Required, except for snapshots: `dbt_scd_id`.",
    )
    properties: Properties = Field(
        None, description='A mapping `Heap name: column`, a list of columns and renames, or "*" for the listed columns.'
    )
    except_: Columns = Field(None, alias="except", description='Columns left out of `properties: "*"`.')
    properties_column: Column = Field(
        None, description="A JSON, struct or map column whose top-level keys become properties."
    )
    begin: Day = Field(None, description="Events before this date are never sent. Needs `timestamp`.")
    lookback: Span = Field(
        None,
        description="Compare only events later than the newest acknowledged one minus this span. Needs `timestamp`.",
    )
    nulls: Nulls = Field(
        None,
        description="What to send for a property that became null: nothing, or empty text. Default: omit.",
    )
    too_long: TooLong = Field(
        None,
        description="What to do with text over Heap's limit: truncate it, or reject the row. Default: truncate.",
    )
    null_identity: NullIdentity = Field(
        None, description="What to do with a row without identity: reject it, or skip it. Default: reject."
    )
    timezone: Zone = Field(None, description="The IANA time zone of timestamps without one. Default: UTC.")
    max_rows: MaxRows = Field(
        None,
        description="The largest plan that is sent: a number of rows, or a percentage of the rows in state.",
    )
    allow_rejected: AllowRejected = Field(
        None,
        description="The most rejected rows with which a sync succeeds: a number or a percentage. Default: 0.",
    )
    renamed_from: Names = Field(
        None,
        description="Earlier name or names of the sync; the next run takes over their state. `[]`: the sync is new.",
    )
    log: Flag = Field(False, description="Whether `<sync>__log` records which property was sent when. Default: false.")


EVENTS, USERS, ACCOUNTS = SyncType.EVENTS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES
DELETIONS = SyncType.USER_DELETIONS

# Keys that belong only to some types.
TYPES_OF: Mapping[str, tuple[SyncType, ...]] = {
    "identity": (EVENTS, USERS, DELETIONS),
    "heap_user_id": (EVENTS, DELETIONS),
    "account_id": (ACCOUNTS,),
    "event_name": (EVENTS,),
    "event_name_column": (EVENTS,),
    "timestamp": (EVENTS,),
    "session_id": (EVENTS,),
    "idempotency_key": (EVENTS,),
    "unique_key": (EVENTS,),
    "properties": (EVENTS, USERS, ACCOUNTS),
    "except": (EVENTS, USERS, ACCOUNTS),
    "properties_column": (EVENTS,),
    "begin": (EVENTS,),
    "lookback": (EVENTS,),
    "nulls": (USERS, ACCOUNTS),
    "too_long": (EVENTS, USERS, ACCOUNTS),
    "timezone": (EVENTS, USERS, ACCOUNTS),
    "log": (EVENTS, USERS, ACCOUNTS),
}

# Keys that exclude each other.
RIVALS: Mapping[str, str] = {
    "identity": "heap_user_id",
    "heap_user_id": "identity",
    "event_name": "event_name_column",
    "event_name_column": "event_name",
}

# Keys that name a column whose values are sent.
SENT_COLUMNS = (
    "identity", "heap_user_id", "account_id", "event_name_column", "timestamp", "session_id", "idempotency_key",
    "properties_column",
)  # fmt: skip


def suits(key: str, sync_type: SyncType) -> bool:
    """Return whether a key belongs to a type."""
    return sync_type in TYPES_OF.get(key, tuple(SyncType))


class _AsWritten(GenerateJsonSchema):
    """Without nulls and titles: a key that is not set is left out, and titles would only repeat the keys."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def block_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `meta.heap`: a block, or a list of blocks."""
    block = Block.model_json_schema(schema_generator=_AsWritten)
    definitions = block.pop("$defs", {})
    block |= {"required": ["type"], "allOf": [_keys_of_other_types(each) for each in SyncType]}
    one = {"$ref": "#/$defs/Block"}
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "title": "meta.heap",
        "description": "What dbt-heap sends to Heap from a dbt model: one block, or a list of blocks.",
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        "$defs": {**definitions, "Block": block},
    }


def _keys_of_other_types(sync_type: SyncType) -> dict[str, Any]:
    """Return the rule that a block of this type has no keys of other types."""
    foreign = [key for key in TYPES_OF if not suits(key, sync_type)]
    return {
        "if": {"properties": {"type": {"const": str(sync_type)}}, "required": ["type"]},
        "then": {"properties": dict.fromkeys(foreign, False)},
    }
