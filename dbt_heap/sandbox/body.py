"""Parse the body of a request to Heap's records API, and check it against Heap's rules.

Only one error text of Heap's is documented: `postBody.events[0].properties should be object`, in answer to a single
call (https://github.com/iagomelanias/heap-php/issues/4). So the errors have the wording of the validator Ajv 6, a
single call is checked like a bulk call with one record, and one bad record refuses the whole body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from dbt_heap.http.limits import MAX_BATCH, MAX_EVENT_NAME, MAX_IDENTITY, MAX_TEXT, MAX_USER_ID, RESERVED_PROPERTIES

Record = Mapping[str, Any]

_DATE_TIME = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)([.,]\d+)?)?"
    r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)",
    re.ASCII,
)
_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)


class MalformedError(ValueError):
    """The body is not JSON."""


@dataclass(frozen=True)
class Endpoint:
    """A path of the API."""

    path: str
    plural: str  # the key of the records in a bulk body
    subjects: tuple[str, ...]  # a record has one of these fields: the user or account that it is about
    error: Callable[[Record, bool], str | None]  # of a record; the flag is `strict`


@dataclass(frozen=True)
class Body:
    """A parsed body. Its records are valid only if it has no error."""

    endpoint: Endpoint
    app_id: str  # empty if the body has none
    records: Sequence[Record]
    bulk: bool
    error: str | None


def read_body(endpoint: Endpoint, content: bytes, content_type: str, *, strict: bool, refused: Collection[str]) -> Body:
    """Return the parsed body with its first error. `refused` lists identities and account IDs that are errors too."""
    try:
        parsed = parse(content)
    except MalformedError as error:
        return Body(endpoint, "", (), False, str(error))
    fields = parsed if isinstance(parsed, dict) else {endpoint.plural: ()}
    app_id, records = fields.get("app_id"), records_of(endpoint, fields)
    media_type = content_type.partition(";")[0].strip().lower()
    wrong_type = None if media_type == "application/json" else "Content-Type should be application/json"
    return Body(
        endpoint,
        app_id=app_id if isinstance(app_id, str) else "",
        records=records if isinstance(records, list) else (),
        bulk=endpoint.plural in fields,
        error=wrong_type or first_error(endpoint, parsed, strict=strict, refused=refused),
    )


def parse(content: bytes | str) -> Any:
    """Return a JSON value whose numbers are `orjson.Fragment`, so writing it again keeps all digits.

    Raises MalformedError if it is not JSON, contains NaN or half a surrogate pair, or is nested too deeply.
    """
    try:
        orjson.loads(content)  # refuses what the standard library accepts
        return json.loads(content, parse_int=orjson.Fragment, parse_float=orjson.Fragment)
    except (ValueError, RecursionError) as error:
        raise MalformedError("postBody should be JSON") from error


def first_error(endpoint: Endpoint, body: object, *, strict: bool = True, refused: Collection[str] = ()) -> str | None:
    """Return the first error of a parsed body in Heap's wording, or None if Heap's documentation allows it."""
    if not isinstance(body, dict):
        return "postBody should be object"
    records = records_of(endpoint, body)
    if error := _app_id_error(body) or _count_error(endpoint, records):
        return f"postBody{error}"
    for index, record in enumerate(records):
        if error := _record_error(endpoint, record, strict, refused):
            return f"postBody.{endpoint.plural}[{index}]{error}"
    return None


def records_of(endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
    """Return the value of the bulk key; without that key, the body itself as the only record."""
    return body.get(endpoint.plural, [body])


def subject_of(endpoint: Endpoint, record: Record) -> tuple[str, str]:
    """Return the field that identifies the user or account of a valid record, with its value."""
    return next((name, record[name]) for name in endpoint.subjects if name in record)


def _app_id_error(body: Record) -> str | None:
    error = _text_error(body, "app_id")
    if error or (body["app_id"].isascii() and body["app_id"].isdigit()):
        return error
    return '.app_id should match pattern "^[0-9]+$"'


def _count_error(endpoint: Endpoint, records: object) -> str | None:
    if not isinstance(records, list):
        return f".{endpoint.plural} should be array"
    if len(records) > MAX_BATCH:
        return f".{endpoint.plural} should NOT have more than {MAX_BATCH} items"
    return None


def _record_error(endpoint: Endpoint, record: object, strict: bool, refused: Collection[str]) -> str | None:
    if not isinstance(record, dict):
        return " should be object"
    if error := endpoint.error(record, strict):
        return error
    name, subject = subject_of(endpoint, record)
    return f".{name} should NOT be valid" if subject in refused else None


def _event_error(event: Record, strict: bool) -> str | None:
    return (
        _user_error(event)
        or _text_error(event, "event", longest=MAX_EVENT_NAME)
        or _optional_text_error(event, "session_id")
        or _optional_text_error(event, "idempotency_key")
        or (_timestamp_error(event) if strict else None)
        or _properties_error(event, strict, arrays=True)
    )


def _user_properties_error(user: Record, strict: bool) -> str | None:
    return _text_error(user, "identity", longest=MAX_IDENTITY) or _properties_error(user, strict)


def _account_properties_error(account: Record, strict: bool) -> str | None:
    return _text_error(account, "account_id", longest=MAX_IDENTITY) or _properties_error(account, strict)


def _user_error(event: Record) -> str | None:
    if "user_id" not in event:
        return _text_error(event, "identity", longest=MAX_IDENTITY)
    if "identity" in event:
        return " should match exactly one schema in oneOf"
    return _text_error(event, "user_id") or _user_id_error(event["user_id"])


def _user_id_error(user_id: str) -> str | None:
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= len(str(MAX_USER_ID))):
        return '.user_id should match pattern "^[0-9]{1,16}$"'
    return None if int(user_id) <= MAX_USER_ID else f".user_id should be <= {MAX_USER_ID}"


def _text_error(record: Record, field: str, *, longest: int | None = None) -> str | None:
    if field not in record:
        return f" should have required property '{field}'"
    text = record[field]
    if not isinstance(text, str):
        return f".{field} should be string"
    if not text:
        return f".{field} should NOT be shorter than 1 characters"
    if longest is not None and len(text) > longest:
        return f".{field} should NOT be longer than {longest} characters"
    return None


def _optional_text_error(record: Record, field: str) -> str | None:
    return f".{field} should be string" if not isinstance(record.get(field, ""), str) else None


def _timestamp_error(event: Record) -> str | None:
    if error := _optional_text_error(event, "timestamp"):
        return error
    valid = "timestamp" not in event or _is_date_time(event["timestamp"])
    return None if valid else '.timestamp should match format "date-time"'


def _is_date_time(text: str) -> bool:
    if not (parts := _DATE_TIME.fullmatch(text)):
        return False
    try:
        date(int(parts[1]), int(parts[2]), int(parts[3]))
    except ValueError:
        return False
    return True


def _properties_error(record: Record, strict: bool, *, arrays: bool = False) -> str | None:
    properties = record.get("properties", {})
    if not isinstance(properties, dict):
        return ".properties should be object"
    for name, value in properties.items():
        if error := _name_error(name):
            return f".properties{error}"
        if strict and (error := _value_error(value, arrays)):
            return f".properties{_accessor(name)}{error}"
    return None


def _name_error(name: str) -> str | None:
    if name.lower() in RESERVED_PROPERTIES:
        return f" property name '{name}' is invalid"
    return f" property name should NOT be longer than {MAX_TEXT} characters" if len(name) > MAX_TEXT else None


def _value_error(value: object, arrays: bool) -> str | None:
    if isinstance(value, str):
        return None if len(value) <= MAX_TEXT else f" should NOT be longer than {MAX_TEXT} characters"
    if isinstance(value, orjson.Fragment):
        return None
    if arrays and isinstance(value, list) and all(isinstance(each, (str, orjson.Fragment)) for each in value):
        return None  # https://developers.heap.io/reference/track-1: joined, and cut if too long
    return " should be number,string"


def _accessor(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


TRACK = Endpoint("/api/track", "events", ("identity", "user_id"), _event_error)
ADD_USER_PROPERTIES = Endpoint("/api/add_user_properties", "users", ("identity",), _user_properties_error)
ADD_ACCOUNT_PROPERTIES = Endpoint("/api/add_account_properties", "accounts", ("account_id",), _account_properties_error)
ENDPOINTS = (TRACK, ADD_USER_PROPERTIES, ADD_ACCOUNT_PROPERTIES)
