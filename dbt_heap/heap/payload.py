"""Turn rows of the outbox into JSON objects for Heap. What depends on the sync is decided once, not per row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import orjson

from dbt_heap.heap.property_values import Property, filled, mapped_properties, shortening, spread, unwritable
from dbt_heap.heap.records import CHANGED, KEY, SEQ, Build, Payload, Row, places
from dbt_heap.heap.rejects import (
    Reason,
    Reject,
    UnfitError,
    event_key,
    event_name,
    identity,
    own_idempotency_key,
    session_id,
    user_id,
)
from dbt_heap.heap.values import Convert, instant
from dbt_heap.syncs.columns import MappedColumn, Role
from dbt_heap.syncs.sync import Sync, SyncType

_Make: TypeAlias = Callable[[Row], "tuple[dict[str, Any], int]"]  # the record, and how many values were cut
_Field: TypeAlias = "tuple[int, str, Convert]"  # place in the row, Heap's name, converter of its value


def payload_builder(sync: Sync, columns: Sequence[MappedColumn], namespace: str) -> Build:
    """Return the function that turns a row of a sync into a payload or a reject. It never raises.

    Args:
        sync: The sync.
        columns: In the order of the rows' values.
        namespace: Namespace of the idempotency keys.
    """
    properties = mapped_properties(sync, columns)
    if sync.type is SyncType.EVENTS:
        make = _events(sync, columns, properties, namespace)
    elif sync.type is SyncType.USER_DELETIONS:
        make = _identity_to_delete if sync.identity else _user_id_to_delete
    else:
        make = _objects(sync, properties)

    def build(row: Row) -> Payload | Reject:
        record: dict[str, Any] = {}
        try:
            record, cut = make(row)
            return Payload(row[SEQ], orjson.dumps(record), cut)
        except UnfitError as unfit:
            return Reject(row[SEQ], unfit.reason, unfit.property)
        except (orjson.JSONEncodeError, UnicodeEncodeError):
            bad_property = unwritable(record.get("properties", {}), properties)
            return Reject(row[SEQ], Reason.BROKEN_TEXT, bad_property)

    return build


def idempotency_key(namespace: str, key: str) -> str:
    """Return the key by which Heap recognizes a repeated event: the same only for the same two texts."""
    text = f"{len(namespace)}:{namespace}{len(key)}:{key}"
    return "k1:" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _objects(sync: Sync, properties: tuple[Property, ...]) -> _Make:
    subject = "identity" if sync.type is SyncType.USER_PROPERTIES else "account_id"
    fill = partial(filled, blank_nulls=sync.blank_nulls, shorten=shortening(sync))

    @lru_cache(maxsize=1024)  # few masks occur, each in many rows
    def changed(mask: str) -> tuple[Property, ...]:
        return tuple(each for each, flag in zip(properties, mask, strict=True) if flag == "1")

    def make(row: Row) -> tuple[dict[str, Any], int]:
        record: dict[str, Any] = {subject: identity(row[KEY])}
        record["properties"], cut = fill(row, changed(row[CHANGED]))
        return record, cut

    return make


def _identity_to_delete(row: Row) -> tuple[dict[str, Any], int]:
    """Return the user to delete: https://developers.heap.io/reference/user-deletion."""
    return {"identity": identity(row[KEY])}, 0


def _user_id_to_delete(row: Row) -> tuple[dict[str, Any], int]:
    """Return the user to delete by the ID of Heap's SDK, which is a number here, unlike in events."""
    return {"user_id": int(user_id(row[KEY]))}, 0


def _events(sync: Sync, columns: Sequence[MappedColumn], properties: tuple[Property, ...], namespace: str) -> _Make:
    fields = _event_fields(sync, columns)
    fixed = {"event": sync.event_name} if sync.event_name else {}
    values_of = _event_values(sync, columns, properties)

    def make(row: Row) -> tuple[dict[str, Any], int]:
        record: dict[str, Any] = dict(fixed)
        for place, name, convert in fields:
            if (value := convert(row[place])) is not None:
                record[name] = value
        if "idempotency_key" not in record:
            record["idempotency_key"] = idempotency_key(namespace, event_key(row[KEY]))
        values, cut = values_of(row)
        if values:
            record["properties"] = values
        return record, cut

    return make


def _event_fields(sync: Sync, columns: Sequence[MappedColumn]) -> list[_Field]:
    fields: dict[Role, tuple[str, Convert]] = {
        Role.SUBJECT: ("identity", identity) if sync.identity else ("user_id", user_id),
        Role.EVENT: ("event", event_name),
        Role.TIMESTAMP: ("timestamp", partial(instant, ZoneInfo(sync.timezone))),
        Role.SESSION_ID: ("session_id", session_id),
        Role.IDEMPOTENCY_KEY: ("idempotency_key", own_idempotency_key),
    }
    return [(place, *fields[column.role]) for place, column in places(columns) if column.role in fields]


def _event_values(sync: Sync, columns: Sequence[MappedColumn], properties: tuple[Property, ...]) -> _Make:
    shorten = shortening(sync)
    owned = frozenset(each.name for each in properties)
    fill = partial(filled, properties=properties, blank_nulls=False, shorten=shorten)
    json_columns = [(place, column.name) for place, column in places(columns) if column.role is Role.PROPERTIES]
    if not json_columns:
        return fill
    [(place, name)] = json_columns

    def fill_all(row: Row) -> tuple[dict[str, Any], int]:
        values, cut = fill(row)
        if row[place] is None:
            return values, cut
        more, more_cut = spread(row[place], name, owned, shorten)
        return {**more, **values}, cut + more_cut

    return fill_all
