"""Why rows are rejected, and the checks of all fields of a record but its properties.

The plan's SQL checks the same rules. Python checks again, because warehouses trim and change case differently.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from dbt_heap.http import limits
from dbt_heap.http.limits import MAX_EVENT_NAME, MAX_IDENTITY, MAX_USER_ID, PLACEHOLDER_IDENTITIES


class DescribedEnum(StrEnum):
    """A string enum whose members also have a sentence for people."""

    sentence: str

    def __new__(cls, word: str, sentence: str) -> DescribedEnum:
        """Return a member that equals its word."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.sentence = sentence
        return member

    @classmethod
    def describe(cls, word: str) -> str:
        """Return the sentence of a word, or the word itself if another version of dbt-heap wrote it."""
        return next((each.sentence for each in cls if each == word), word)


class Reason(DescribedEnum):
    """The words in the `rejects` table; `sentence` says what is wrong with the row.

    The macro `reject_reason` finds most of them before a row leaves the warehouse, and uses the same words.
    """

    NULL_IDENTITY = "null_identity", "The identity is null."
    NULL_KEY = "null_key", "A column of the unique key is null."
    DUPLICATE_KEY = "duplicate_key", "Several rows of the model have the same key."
    BLANK_IDENTITY = "blank_identity", "The identity is blank."
    LONG_IDENTITY = "long_identity", f"The identity has over {limits.MAX_IDENTITY} characters."
    PLACEHOLDER_IDENTITY = (
        "placeholder_identity",
        "The identity is a placeholder: Heap would merge people by it.",
    )
    INVALID_USER_ID = "invalid_user_id", "The Heap user id is not a whole number from 0 to 2^53 - 1."
    BLANK_EVENT_NAME = "blank_event_name", "The event's name is null or blank."
    LONG_EVENT_NAME = "long_event_name", f"The event's name has over {limits.MAX_EVENT_NAME} characters."
    BLANK_IDEMPOTENCY_KEY = (
        "blank_idempotency_key",
        "The idempotency key is blank: of all such events Heap keeps one.",
    )
    NOT_A_NUMBER = "not_a_number", "The number is NaN or infinite."
    LONG_NUMBER = "long_number", f"The number has over {limits.MAX_TEXT} digits and signs."
    DATE_OUT_OF_RANGE = "date_out_of_range", "The date is outside the years 1 to 9999."
    TOO_LONG = "too_long", f"The value has over {limits.MAX_TEXT} characters, and `too_long` is `reject`."
    BYTES = "bytes", "The column holds bytes, which Heap does not take."
    BROKEN_TEXT = "broken_text", "The text holds half a surrogate pair, which is not valid Unicode."
    INVALID_JSON = "invalid_json", "The value is not valid JSON or Unicode, or nested too deep."
    NOT_AN_OBJECT = "not_an_object", "The properties column holds JSON that is not an object."
    RESERVED_PROPERTY = "reserved_property", "The properties column holds a name that Heap keeps for itself."
    BLANK_PROPERTY = "blank_property", "The properties column holds a blank name."
    LONG_PROPERTY = (
        "long_property",
        f"The properties column holds a name of over {limits.MAX_TEXT} characters.",
    )
    WRONG_TYPE = "wrong_type", "The value is not of its column's type."
    REFUSED_BY_HEAP = "refused_by_heap", "Heap refused this record when it was sent alone."


@dataclass(frozen=True)
class Reject:
    """A row that was not sent, or was refused: its place in the outbox, why, and the bad property, if there is one."""

    seq: int
    reason: Reason
    property: str | None = None


class UnfitError(Exception):
    """A value cannot be sent. This package turns it into a Reject."""

    def __init__(self, reason: Reason, property: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.property = property


PLACEHOLDERS = frozenset(PLACEHOLDER_IDENTITIES)
USER_ID = re.compile(r"0|[1-9][0-9]{0,15}")


def identity(text: Any) -> str:
    """Return a user's identity or an account's ID, unchanged. Raises UnfitError."""
    found = text if text.__class__ is str else _text(text, Reason.NULL_IDENTITY)
    bare = found.strip()
    if not bare:
        raise UnfitError(Reason.BLANK_IDENTITY)
    if len(found) > MAX_IDENTITY:
        raise UnfitError(Reason.LONG_IDENTITY)
    if bare.lower() in PLACEHOLDERS:
        raise UnfitError(Reason.PLACEHOLDER_IDENTITY)
    return found


def user_id(text: Any) -> str:
    """Return the number that Heap's SDK gives a visitor, as text. Raises UnfitError."""
    digits = _text(text, Reason.NULL_IDENTITY)
    if not USER_ID.fullmatch(digits) or int(digits) > MAX_USER_ID:
        raise UnfitError(Reason.INVALID_USER_ID)
    return digits


def event_name(text: Any) -> str:
    """Return an event's name. Raises UnfitError."""
    name = _text(text, Reason.BLANK_EVENT_NAME)
    if not name.strip():
        raise UnfitError(Reason.BLANK_EVENT_NAME)
    if len(name) > MAX_EVENT_NAME:
        raise UnfitError(Reason.LONG_EVENT_NAME)
    return name


def event_key(text: Any) -> str:
    """Return the text of an event's unique key. Raises UnfitError."""
    return _text(text, Reason.NULL_KEY)


def session_id(text: Any) -> str | None:
    """Return a session's ID; None for a blank one, which Heap would treat as a session. Raises UnfitError."""
    return None if text is None or not _text(text).strip() else text


def own_idempotency_key(text: Any) -> str | None:
    """Return the idempotency key in a column, if it has one. Raises UnfitError."""
    if text is not None and not _text(text).strip():
        raise UnfitError(Reason.BLANK_IDEMPOTENCY_KEY)
    return None if text is None else str(text)


def _text(value: Any, if_null: Reason = Reason.WRONG_TYPE) -> str:
    if isinstance(value, str):
        return value
    raise UnfitError(if_null if value is None else Reason.WRONG_TYPE)
