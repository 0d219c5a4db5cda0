"""What is different between two declarations of one sync, and what Heap will see of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.declarations.sync import Sync, SyncType


@dataclass(frozen=True)
class Change:
    """One difference, in the declaration's terms."""

    key: str  # of the declaration
    text: str
    rekeys: bool = False  # rows that Heap has are other ones from now on


_ANOTHER = {
    SyncType.USER_PROPERTIES: "every row is another user to Heap, all are sent anew, and the old ones stay",
    SyncType.ACCOUNT_PROPERTIES: "every row is another account to Heap, all are sent anew, and the old ones stay",
    SyncType.EVENTS: "events that Heap has are sent once more under other keys, unless the values are the same",
    SyncType.USER_DELETIONS: "every row is another person, whom Heap would be asked to delete",
}


def changes(before: Sync, after: Sync) -> tuple[Change, ...]:
    """All of them, those that re-key first."""
    found = [*_keys(before, after), *_settings(before, after), *_properties(before, after)]
    return tuple(sorted(found, key=lambda change: not change.rekeys))


def _keys(before: Sync, after: Sync) -> Iterator[Change]:
    if before.type is not after.type:
        yield Change("type", f"{before.type} -> {after.type}: its state will not do; give the sync another name")
        return
    if before.key_columns != after.key_columns:
        key = "unique_key" if after.type is SyncType.EVENTS else _subject(after)
        yield Change(
            key, f"{_written(before.key_columns)} -> {_written(after.key_columns)}: {_ANOTHER[after.type]}", True
        )
    if after.type is SyncType.EVENTS:
        if before.idempotency_key != after.idempotency_key:
            told = f"{_written(before.idempotency_key)} -> {_written(after.idempotency_key)}"
            yield Change("idempotency_key", f"{told}: what is sent again is another event to Heap", True)
        if (_subject(before), before.subject_column) != (_subject(after), after.subject_column):
            told = f"{_subject(before)}: {before.subject_column} -> {_subject(after)}: {after.subject_column}"
            yield Change(_subject(after), f"{told}: events from now on belong to other users")


def _subject(sync: Sync) -> str:
    return next(key for key in ("identity", "heap_user_id", "account_id") if getattr(sync, key) or key == "account_id")


def _settings(before: Sync, after: Sync) -> Iterator[Change]:
    old, new = _told(before), _told(after)
    for key, value in new.items():
        if old[key] != value:
            yield Change(key, f"{_written(old[key])} -> {_written(value)}")


def _told(sync: Sync) -> Mapping[str, Any]:
    """What a block says beside keys and properties, under the block's own keys."""
    plain = (
        "environment", "event_name", "event_name_column", "timestamp", "session_id", "properties_column", "begin",
        "lookback", "timezone", "max_rows", "allow_rejected", "log",
    )  # fmt: skip
    return {
        "model": sync.model.unique_id,
        **{key: getattr(sync, key) for key in plain},
        "nulls": "blank" if sync.blank_nulls else "omit",
        "too_long": "reject" if sync.reject_too_long else "truncate",
        "null_identity": "skip" if sync.skip_null_identity else "reject",
    }


def _properties(before: Sync, after: Sync) -> Iterator[Change]:
    gone = {name: column for name, column in before.properties.items() if name not in after.properties}
    new = {name: column for name, column in after.properties.items() if name not in before.properties}
    every = "of new events alone" if after.type is SyncType.EVENTS else "for every row"
    for name, column in new.items():
        older = next((each for each, its in gone.items() if its == column), None)
        if older is None:
            yield Change("properties", f"{name} is new to Heap: it is sent {every}")
        else:
            del gone[older]
            yield Change("properties", f"{older} is {name} now: it is sent {every}, and Heap keeps {older} as it is")
    for name in gone:
        yield Change("properties", f"{name} is not sent any more: Heap keeps its last values")
    for name, column in after.properties.items():
        if before.properties.get(name, column) != column:
            yield Change("properties", f"{name} is read from {column}, no longer from {before.properties[name]}")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else str(value)
