"""The fields of a record beside its properties: each checked against Heap's rules, None where it is left out.

The SQL of the plan has rejected such rows already; here nothing is believed.
"""

from __future__ import annotations

import re
from typing import Any

from dbt_heap.limits import MAX_EVENT_NAME, MAX_IDENTITY, MAX_USER_ID, PLACEHOLDER_IDENTITIES
from dbt_heap.payloads.rejects import Reason, UnfitError

PLACEHOLDERS = frozenset(PLACEHOLDER_IDENTITIES)
USER_ID = re.compile(r"0|[1-9][0-9]{0,15}")


def identity(text: Any) -> str:
    """A person's identity or an account's id, exactly as it stands."""
    who = text if text.__class__ is str else _text(text, Reason.NULL_IDENTITY)
    bare = who.strip()
    if not bare:
        raise UnfitError(Reason.BLANK_IDENTITY)
    if len(who) > MAX_IDENTITY:
        raise UnfitError(Reason.LONG_IDENTITY)
    if bare.lower() in PLACEHOLDERS:
        raise UnfitError(Reason.PLACEHOLDER_IDENTITY)
    return who


def user_id(text: Any) -> str:
    """The number by which Heap's SDK knows a visitor, as text."""
    digits = _text(text, Reason.NULL_IDENTITY)
    if not USER_ID.fullmatch(digits) or int(digits) > MAX_USER_ID:
        raise UnfitError(Reason.INVALID_USER_ID)
    return digits


def event_name(text: Any) -> str:
    """An event's name."""
    name = _text(text, Reason.BLANK_EVENT_NAME)
    if not name.strip():
        raise UnfitError(Reason.BLANK_EVENT_NAME)
    if len(name) > MAX_EVENT_NAME:
        raise UnfitError(Reason.LONG_EVENT_NAME)
    return name


def event_key(text: Any) -> str:
    """The text of an event's unique key."""
    return _text(text, Reason.NULL_KEY)


def session_id(text: Any) -> str | None:
    """A session's id; a blank one is none, lest Heap take the blank for a session."""
    return None if text is None or not _text(text).strip() else text


def own_idempotency_key(text: Any) -> str | None:
    """The idempotency key that a column gives."""
    if text is not None and not _text(text).strip():
        raise UnfitError(Reason.BLANK_IDEMPOTENCY_KEY)
    return None if text is None else str(text)


def _text(value: Any, if_null: Reason = Reason.WRONG_TYPE) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError(if_null if value is None else Reason.WRONG_TYPE)
