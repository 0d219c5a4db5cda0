"""What a sync reads, column by column: the declaration met with the warehouse's types."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ValueClass(StrEnum):
    """How a column is compared, stored and written to Heap; the macro `value_class` sorts types into these."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without a zone
    TIMESTAMPTZ = "timestamptz"
    ARRAY = "array"  # stored as canonical JSON text
    JSON = "json"  # json, variant, struct, map; stored as canonical JSON text
    OTHER = "other"  # uuid, time, interval, enum …: stored as text
    BYTES = "bytes"  # never sent


class Role(StrEnum):
    """What a mapped column is in Heap's record."""

    SUBJECT = "subject"  # whom an event is about: identity or user_id
    EVENT = "event"
    TIMESTAMP = "timestamp"
    SESSION_ID = "session_id"
    IDEMPOTENCY_KEY = "idempotency_key"
    PROPERTIES = "properties"  # a JSON column whose top-level keys become properties
    PROPERTY = "property"


def spellings(column: str, there: Iterable[str]) -> list[str]:
    """The columns of a relation that a declared one may mean: the one of just this name, else those in another case."""
    known = list(there)
    return [column] if column in known else [name for name in known if name.lower() == column.lower()]


@dataclass(frozen=True)
class MappedColumn:
    """One column of the model on its way to Heap."""

    role: Role
    name: str  # Heap's name of the property; the role's own name otherwise
    column: str  # the model's name of it
    type: str  # as the warehouse names it
    value_class: ValueClass

    @property
    def stored(self) -> str:
        """Its name in outbox and synced tables: another Heap name, role or class is another column by itself."""
        slug = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")[:30]
        digest = hashlib.sha256(f"{self.role}\0{self.name}\0{self.value_class}".encode()).hexdigest()[:8]
        return f"p_{slug}_{digest}"


def is_property(stored: str) -> bool:
    """Whether a column of the state was named by MappedColumn.stored."""
    return stored.lower().startswith("p_")


_FIELDS = frozenset(
    MappedColumn(role, str(role), "", "", value_class).stored
    for role in Role
    if role is not Role.PROPERTY
    for value_class in ValueClass
)


def is_field(stored: str) -> bool:
    """Whether such a column is a field of an event, beside its properties."""
    return stored.lower() in _FIELDS
