"""Heap's rules for a body, as a pure function: the first fault in the words of its validator, or None.

The one refusal of Heap's on record reads `postBody.events[0].properties should be object`, in answer to a single
call (https://github.com/iagomelanias/heap-php/issues/4). So the wording is that of Ajv 6, a single call is judged
as a bulk call of one record, and one bad record refuses the whole body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from orjson import Fragment

from dbt_heap.http.limits import MAX_BATCH, MAX_EVENT_NAME, MAX_IDENTITY, MAX_TEXT, MAX_USER_ID, RESERVED_PROPERTIES

Record = Mapping[str, Any]

_DATE_TIME = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"T([01]\d|2[0-3]):[0-5]\d(:([0-5]\d|60)([.,]\d+)?)?"
    r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)",
    re.ASCII,
)
_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)


@dataclass(frozen=True)
class Endpoint:
    """One path of the API."""

    path: str
    plural: str  # the key under which a bulk body holds its records
    subjects: tuple[str, ...]  # the fields of which one says whom or what a record is about
    fault: Callable[[Record, bool], str | None]  # of one record, strictly or not


def first_fault(endpoint: Endpoint, body: object, *, strict: bool = True, refused: Collection[str] = ()) -> str | None:
    """The first fault of a parsed body as Heap would word it, or None where the documentation allows it."""
    if not isinstance(body, dict):
        return "postBody should be object"
    records = records_of(endpoint, body)
    fault = _app_id_fault(body) or _count_fault(endpoint, records)
    if fault:
        return f"postBody{fault}"
    for index, record in enumerate(records):
        if fault := _record_fault(endpoint, record, strict, refused):
            return f"postBody.{endpoint.plural}[{index}]{fault}"
    return None


def records_of(endpoint: Endpoint, body: Mapping[str, Any]) -> Any:
    """What stands under the bulk key; without that key the body itself, as the only record."""
    return body.get(endpoint.plural, [body])


def subject_of(endpoint: Endpoint, record: Record) -> tuple[str, str]:
    """The field and the value that say whom or what a faultless record is about."""
    return next((name, record[name]) for name in endpoint.subjects if name in record)


def _app_id_fault(body: Record) -> str | None:
    fault = _text_fault(body, "app_id")
    if fault or (body["app_id"].isascii() and body["app_id"].isdigit()):
        return fault
    return '.app_id should match pattern "^[0-9]+$"'


def _count_fault(endpoint: Endpoint, records: object) -> str | None:
    if not isinstance(records, list):
        return f".{endpoint.plural} should be array"
    if len(records) > MAX_BATCH:
        return f".{endpoint.plural} should NOT have more than {MAX_BATCH} items"
    return None


def _record_fault(endpoint: Endpoint, record: object, strict: bool, refused: Collection[str]) -> str | None:
    if not isinstance(record, dict):
        return " should be object"
    if fault := endpoint.fault(record, strict):
        return fault
    name, subject = subject_of(endpoint, record)
    return f".{name} should NOT be valid" if subject in refused else None


def _event_fault(event: Record, strict: bool) -> str | None:
    return (
        _person_fault(event)
        or _text_fault(event, "event", longest=MAX_EVENT_NAME)
        or _optional_text_fault(event, "session_id")
        or _optional_text_fault(event, "idempotency_key")
        or (_timestamp_fault(event) if strict else None)
        or _properties_fault(event, strict, arrays=True)
    )


def _user_fault(user: Record, strict: bool) -> str | None:
    return _text_fault(user, "identity", longest=MAX_IDENTITY) or _properties_fault(user, strict)


def _account_fault(account: Record, strict: bool) -> str | None:
    return _text_fault(account, "account_id", longest=MAX_IDENTITY) or _properties_fault(account, strict)


def _person_fault(event: Record) -> str | None:
    if "user_id" not in event:
        return _text_fault(event, "identity", longest=MAX_IDENTITY)
    if "identity" in event:
        return " should match exactly one schema in oneOf"
    return _text_fault(event, "user_id") or _user_id_fault(event["user_id"])


def _user_id_fault(user_id: str) -> str | None:
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= len(str(MAX_USER_ID))):
        return '.user_id should match pattern "^[0-9]{1,16}$"'
    return None if int(user_id) <= MAX_USER_ID else f".user_id should be <= {MAX_USER_ID}"


def _text_fault(record: Record, field: str, *, longest: int | None = None) -> str | None:
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


def _optional_text_fault(record: Record, field: str) -> str | None:
    return f".{field} should be string" if not isinstance(record.get(field, ""), str) else None


def _timestamp_fault(event: Record) -> str | None:
    if "timestamp" not in event:
        return None
    if not isinstance(event["timestamp"], str):
        return ".timestamp should be string"
    return None if _is_date_time(event["timestamp"]) else '.timestamp should match format "date-time"'


def _is_date_time(text: str) -> bool:
    if not (parts := _DATE_TIME.fullmatch(text)):
        return False
    try:
        date(int(parts[1]), int(parts[2]), int(parts[3]))
    except ValueError:
        return False
    return True


def _properties_fault(record: Record, strict: bool, *, arrays: bool = False) -> str | None:
    properties = record.get("properties", {})
    if not isinstance(properties, dict):
        return ".properties should be object"
    for name, value in properties.items():
        if fault := _name_fault(name) or (_value_fault(value, arrays) if strict else None):
            return fault if fault.startswith(".") else f".properties{_accessor(name)}{fault}"
    return None


def _name_fault(name: str) -> str | None:
    if name.lower() in RESERVED_PROPERTIES:
        return f".properties property name '{name}' is invalid"
    if len(name) > MAX_TEXT:
        return f".properties property name should NOT be longer than {MAX_TEXT} characters"
    return None


def _value_fault(value: object, arrays: bool) -> str | None:
    if isinstance(value, str):
        return None if len(value) <= MAX_TEXT else f" should NOT be longer than {MAX_TEXT} characters"
    if isinstance(value, Fragment):
        return None
    if arrays and isinstance(value, list) and all(isinstance(each, (str, Fragment)) for each in value):
        return None  # https://developers.heap.io/reference/track-1: joined, and cut where too long
    return " should be number,string"


def _accessor(name: str) -> str:
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"['{escaped}']"


TRACK = Endpoint("/api/track", "events", ("identity", "user_id"), _event_fault)
ADD_USER_PROPERTIES = Endpoint("/api/add_user_properties", "users", ("identity",), _user_fault)
ADD_ACCOUNT_PROPERTIES = Endpoint("/api/add_account_properties", "accounts", ("account_id",), _account_fault)
ENDPOINTS = (TRACK, ADD_USER_PROPERTIES, ADD_ACCOUNT_PROPERTIES)
