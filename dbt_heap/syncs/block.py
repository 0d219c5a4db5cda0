"""One block of `meta.heap` as YAML gives it: every key, its form and its meaning. The JSON Schema is made of this."""

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

# `| None` is how a key that was not given is held. Given as null it is a mistake: the validators refuse it.
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
# Parsed in properties.py: what is wrong there is told at the item, not at the key.
Properties = Annotated[dict[PropertyName, ColumnName] | list[ColumnName | Rename] | Literal["*"] | None, SkipValidation]


class Block(BaseModel):
    """What is sent to Heap of the model's rows."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)

    type: Type = Field(None, description="What the rows are to Heap. Required.")
    name: Name = Field(
        None, description="The sync's name. Default: the model's name. Required where a model has several blocks."
    )
    enabled: Flag = Field(True, description="Whether anything is sent. Default: true.")
    environment: Text = Field(
        None, description="An entry of vars.dbt_heap.environments. Default: the only one, else `main`."
    )
    identity: Column = Field(
        None,
        description="The column that holds Heap's identity, which is stable. An unknown one creates a user.",
    )
    heap_user_id: Column = Field(
        None, description="The column that holds the numeric id of Heap's own SDK, instead of `identity`."
    )
    account_id: Column = Field(
        None, description="The column that holds the account: the text of the user property set as Account ID in Heap."
    )
    event_name: EventName = Field(None, description="The name of every event. Either this or `event_name_column`.")
    event_name_column: Column = Field(
        None, description="The column that holds each event's name. Either this or `event_name`."
    )
    timestamp: Column = Field(
        None, description="The column that holds when the event happened. Default: Heap's time of arrival."
    )
    session_id: Column = Field(None, description="The column that holds the id of a session of Heap's.")
    idempotency_key: Column = Field(
        None, description="The column by which Heap knows an event again. Default: a digest of the unique key."
    )
    unique_key: Columns = Field(
        None, description="The column, or the columns, that no two events share. Required; a snapshot has `dbt_scd_id`."
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
        description="Only events later than the newest one acknowledged minus this are compared. Needs `timestamp`.",
    )
    nulls: Nulls = Field(
        None, description="What is sent of a property that became null: nothing, or an empty text. Default: omit."
    )
    too_long: TooLong = Field(
        None,
        description="What becomes of a text over Heap's limit: it is cut, or its row is rejected. Default: truncate.",
    )
    null_identity: NullIdentity = Field(
        None, description="What becomes of a row without identity: it is rejected, or only counted. Default: reject."
    )
    timezone: Zone = Field(None, description="The IANA time zone of timestamps that have none. Default: UTC.")
    max_rows: MaxRows = Field(
        None,
        description="A larger plan is refused: a number of rows, or a percentage of the rows in state.",
    )
    allow_rejected: AllowRejected = Field(
        None, description="Rejected rows up to which the sync succeeds: a number, or a percentage of rows. Default: 0."
    )
    renamed_from: Names = Field(
        None,
        description="Earlier name or names of the sync, whose state the next run takes over. `[]`: the sync is new.",
    )
    log: Flag = Field(False, description="Whether `<sync>__log` keeps which property was sent when. Default: false.")


EVENTS, USERS, ACCOUNTS = SyncType.EVENTS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES
DELETIONS = SyncType.USER_DELETIONS

# Keys that do not belong to every type.
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

# Keys of which a block has one or the other.
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
    """Whether a key belongs to a type."""
    return sync_type in TYPES_OF.get(key, tuple(SyncType))


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
