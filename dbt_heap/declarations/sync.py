"""The noun of this package: one declared sync, resolved, frozen, free of dbt's and YAML's forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from dbt_heap.manifest import Model
from dbt_heap.words import Word


class SyncType(Word):
    """What a sync's rows are to Heap."""

    USER_PROPERTIES = "user_properties"
    ACCOUNT_PROPERTIES = "account_properties"
    EVENTS = "events"
    USER_DELETIONS = "user_deletions"


def slug(name: str) -> str:
    """A name's plain part, at most 30 characters: what the names of a sync's tables and of its view begin with."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30]


@dataclass(frozen=True)
class Allowance:
    """A number of rows, or a share of the rows there are: exactly one of the two."""

    rows: int | None = None
    share: float | None = None

    def of(self, total: int) -> int:
        """The rows allowed out of `total`."""
        return self.rows if self.rows is not None else int(total * (self.share or 0.0))

    def __str__(self) -> str:
        return str(self.rows) if self.rows is not None else f"{100 * (self.share or 0.0):g}%"


@dataclass(frozen=True)
class Sync:
    """One block of `meta.heap`, with defaults applied and `"*"` written out.

    Every `str` that names a column bears the column's name in the model. Which of the optional ones are set is
    decided by `type`: see the table in docs/reference/declarations.md.
    """

    name: str
    type: SyncType
    model: Model
    environment: str
    properties: Mapping[str, str]  # Heap's name -> column
    identity: str | None = None
    heap_user_id: str | None = None
    account_id: str | None = None
    event_name: str | None = None  # the fixed name itself
    event_name_column: str | None = None
    timestamp: str | None = None
    session_id: str | None = None
    idempotency_key: str | None = None
    unique_key: tuple[str, ...] = ()
    properties_column: str | None = None
    begin: date | None = None
    lookback: timedelta | None = None
    blank_nulls: bool = False  # nulls: blank
    reject_too_long: bool = False  # too_long: reject
    skip_null_identity: bool = False  # null_identity: skip
    timezone: str = "UTC"
    max_rows: Allowance | None = None
    allow_rejected: Allowance = field(default_factory=lambda: Allowance(rows=0))
    renamed_from: tuple[str, ...] | None = None  # earlier names; empty if the block says that the sync is new
    log: bool = False  # what was sent is kept in `<sync>__log`

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns whose values tell one row from another: the unique key of events, else the identity."""
        return self.unique_key or (self.subject_column,)

    @property
    def key(self) -> str:
        """These columns as one text, which tells one key from another."""
        return ", ".join(self.key_columns)

    @property
    def subject_column(self) -> str:
        """The column that names whom or what the row is about: identity, heap_user_id or account_id."""
        return self.identity or self.heap_user_id or self.account_id or ""

    @property
    def who(self) -> str:
        """What Heap calls that of a person: `identity`, or `user_id`, the number of its own SDK."""
        return "user_id" if self.heap_user_id else "identity"
