"""The columns that a sync reads, with their warehouse types and their roles in Heap."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ValueClass(StrEnum):
    """How a column is compared, stored and sent; the macro `value_class` maps warehouse types to these."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without time zone
    TIMESTAMPTZ = "timestamptz"
    ARRAY = "array"  # stored as canonical JSON text
    JSON = "json"  # json, variant, struct, map; stored as canonical JSON text
    OTHER = "other"  # uuid, time, interval, enum …: stored as text
    BYTES = "bytes"  # never sent


class Role(StrEnum):
    """The role of a column in a record for Heap."""

    SUBJECT = "subject"  # identity or user_id of an event
    EVENT = "event"
    TIMESTAMP = "timestamp"
    SESSION_ID = "session_id"
    IDEMPOTENCY_KEY = "idempotency_key"
    PROPERTIES = "properties"  # a JSON column whose top-level keys become properties
    PROPERTY = "property"


def spellings(column: str, there: Iterable[str]) -> list[str]:
    """Return the columns that a declared name can mean: the one with this name, else those that differ only in case."""
    known = list(there)
    return [column] if column in known else [name for name in known if name.lower() == column.lower()]


@dataclass(frozen=True)
class MappedColumn:
    """A column of the model and what it becomes in Heap."""

    role: Role
    name: str  # the property's name in Heap; else the name of the role
    column: str  # the name in the model
    type: str  # as named by the warehouse
    value_class: ValueClass

    @property
    def stored(self) -> str:
        """Return its name in the tables of the state; another property name, role or class gives another column."""
        slug = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")[:30]
        digest = hashlib.sha256(f"{self.role}\0{self.name}\0{self.value_class}".encode()).hexdigest()[:8]
        return f"p_{slug}_{digest}"


def is_property(stored: str) -> bool:
    """Return whether a column of the state was named by `MappedColumn.stored`."""
    return stored.lower().startswith("p_")


_FIELDS = frozenset(
    MappedColumn(role, str(role), "", "", value_class).stored
    for role in Role
    if role is not Role.PROPERTY
    for value_class in ValueClass
)


def is_field(stored: str) -> bool:
    """Return whether such a column is a field of an event, not a property."""
    return stored.lower() in _FIELDS
