"""Compute what Heap must have after a series of syncs, row by row in plain Python.

Nothing of dbt_heap is imported: the rules are written down a second time, from what the product promises, so that a
mistake has to be made twice to go unseen. Speed, state and batches do not exist here.

Defaults are modelled: `nulls: omit`, `too_long: truncate`, `timezone: UTC`, no `begin`, no `lookback`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Value = str | int | Decimal
Properties = dict[str, Value]

PLACEHOLDERS = set(
    "null undefined none nan nil n/a na unknown anonymous user userid user_id guest true false".split()  # noqa: SIM905
) | {"[object object]"}


@dataclass(frozen=True)
class Sent:
    """What one sync must put on the wire, and what it must not."""

    rows: int
    properties: int  # in all those rows together
    rejected: dict[str, int] = field(default_factory=dict)  # reason -> rows, those still rejected included


class UnfitError(Exception):
    """The row cannot be in Heap; the text is the reason's word."""


class Reference:
    """Heap, as it must be: `users` and `accounts` by id, `events` by sync and key."""

    def __init__(self) -> None:
        self.users: dict[str, Properties] = {}
        self.accounts: dict[str, Properties] = {}
        self.events: dict[tuple[str, ...], dict[str, Any]] = {}

    def sync_users(self, rows: Iterable[Row], *, identity: str, properties: Mapping[str, str]) -> Sent:
        """Upsert users; `properties` is Heap's name -> column."""
        return _upsert(self.users, list(rows), identity, properties)

    def sync_accounts(self, rows: Iterable[Row], *, account_id: str, properties: Mapping[str, str]) -> Sent:
        """Upsert accounts."""
        return _upsert(self.accounts, list(rows), account_id, properties)

    def sync_events(
        self,
        rows: Iterable[Row],
        *,
        sync: str,
        identity: str,
        unique_key: Sequence[str],
        properties: Mapping[str, str],
        event_name: str | None = None,
        event_name_column: str | None = None,
        timestamp: str | None = None,
        properties_column: str | None = None,
    ) -> Sent:
        """Inserts events whose key was never accepted; a timestamp of None is Heap's time of arrival."""
        rows = list(rows)
        keys = [(sync, *(key_text(row[column]) for column in unique_key)) for row in rows]
        repeated = _repeated(keys)
        accepted: dict[tuple[str, ...], dict[str, Any]] = {}
        rejected: Counter[str] = Counter()
        for row, key in zip(rows, keys, strict=True):
            if key in self.events:
                continue
            try:
                who = _subject(row[identity], key=key)
                name = _event_name(event_name or row[str(event_name_column)])
                _must_be_single(key, repeated)
                accepted[key] = {  # type: ignore[index]
                    "identity": who,
                    "event": name,
                    "timestamp": _instant(row[timestamp]) if timestamp else None,
                    "properties": _spread(row.get(properties_column or "")) | _mapped(row, properties, joining=True),
                }
            except UnfitError as unfit:
                rejected[str(unfit)] += 1
        self.events |= accepted
        for event in accepted.values():
            self.users.setdefault(event["identity"], {})  # an unknown identity creates a user
        return Sent(len(accepted), sum(len(event["properties"]) for event in accepted.values()), dict(rejected))


def exact(properties: Mapping[str, Value]) -> dict[str, tuple[str, str]]:
    """Properties as comparable to the last digit: 1.50, 1.5 and "1.5" all differ."""
    return {name: ("text" if isinstance(value, str) else "number", str(value)) for name, value in properties.items()}


def heap_value(value: Any, *, joining: bool = False) -> Value | None:
    """One value as Heap takes it; None is left out. Arrays become one text where `joining`, as events want it.

    Raises:
        UnfitError: Heap cannot hold it, and so not its row.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, (float, Decimal)):
        if not math.isfinite(value):
            raise UnfitError("not_a_number")
        return Decimal(repr(value)) if isinstance(value, float) else value
    if isinstance(value, bytes):
        raise UnfitError("bytes")
    return _text(value, joining=joining)[:1023]


def key_text(value: Any) -> str | None:
    """An identity or a part of a key as the text that Heap gets."""
    return None if value is None else str(value)


def _text(value: Any, *, joining: bool) -> str:
    if isinstance(value, datetime):
        return _instant(value) or ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list) and joining:
        return "||".join(_element(each) for each in value if each is not None)
    if isinstance(value, (list, dict)):
        return _json(value)
    return str(value)


def _element(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=str)


def _instant(value: Any) -> str | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _upsert(held: dict[str, Properties], rows: list[Row], key: str, properties: Mapping[str, str]) -> Sent:
    repeated = _repeated(key_text(row[key]) for row in rows)
    changes: dict[str, Properties] = {}
    rejected: Counter[str] = Counter()
    for row in rows:
        who = key_text(row[key])
        try:
            known = held.get(who or "", {})
            news = {
                name: value
                for name, value in _mapped(row, properties, joining=False).items()
                if known.get(name) != value
            }
            if news:  # a row with nothing to tell is neither sent nor rejected
                subject = _subject(who, key=who)
                _must_be_single(who, repeated)
                changes[subject] = news
        except UnfitError as unfit:
            rejected[str(unfit)] += 1
    for who, news in changes.items():
        held[who] = held.get(who, {}) | news
    return Sent(len(changes), sum(map(len, changes.values())), dict(rejected))


def _mapped(row: Row, properties: Mapping[str, str], *, joining: bool) -> Properties:
    values = {name: heap_value(row[column], joining=joining) for name, column in properties.items()}
    return {name: value for name, value in values.items() if value is not None}


def _spread(column: Any) -> Properties:
    """The top-level keys of a properties column: JSON text, or what it says already parsed."""
    parsed = json.loads(column, parse_float=Decimal) if isinstance(column, str) else column or {}
    return _mapped(parsed, {name: name for name in parsed}, joining=True)


def _subject(value: Any, *, key: Any) -> str:
    who = key_text(value)
    if who is None:
        raise UnfitError("null_identity")
    if isinstance(key, tuple) and None in key:
        raise UnfitError("null_key")
    if not who.strip():
        raise UnfitError("blank_identity")
    if len(who) > 255:
        raise UnfitError("long_identity")
    if who.strip().lower() in PLACEHOLDERS:
        raise UnfitError("placeholder_identity")
    return who


def _must_be_single(key: Any, repeated: set[Any]) -> None:
    """The last of the reasons: rows that share a placeholder have no key of their own."""
    if key in repeated:
        raise UnfitError("duplicate_key")


def _event_name(name: str | None) -> str:
    if name is None or not name.strip():
        raise UnfitError("blank_event_name")
    if len(name) > 1024:
        raise UnfitError("long_event_name")
    return name


def _repeated(keys: Iterable[Any]) -> set[Any]:
    return {key for key, times in Counter(keys).items() if times > 1}
