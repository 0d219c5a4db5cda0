"""The syncs that a project declares, and the declarations that cannot run because of mistakes."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from dbt_heap.errors import DeclarationError, Mistake, SettingsError, did_you_mean
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import Place


class SyncType(StrEnum):
    """What a sync's rows are in Heap."""

    USER_PROPERTIES = "user_properties"
    ACCOUNT_PROPERTIES = "account_properties"
    EVENTS = "events"
    USER_DELETIONS = "user_deletions"


def slug(name: str) -> str:
    """Return a name in lower case and underscores, at most 30 characters: the prefix of a sync's tables and view."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30]


@dataclass(frozen=True)
class Allowance:
    """A number of rows, or a share of all rows: exactly one of the two."""

    rows: int | None = None
    share: float | None = None

    def of(self, total: int) -> int:
        """Return the allowed number of rows out of `total`."""
        return self.rows if self.rows is not None else int(total * (self.share or 0.0))

    def __str__(self) -> str:
        return str(self.rows) if self.rows is not None else f"{100 * (self.share or 0.0):g}%"


@dataclass(frozen=True)
class Sync:
    """One block of `meta.heap`, with defaults applied and `"*"` written out.

    Columns have their names in the model. `type` determines which optional ones are set: see the table in
    docs/reference/declarations.md.
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
    renamed_from: tuple[str, ...] | None = None  # earlier names; empty if the block declares the sync as new
    log: bool = False  # record what was sent in `<sync>__log`
    place: Place = field(default_factory=lambda: Place("", "", ""), compare=False)  # of the block, for messages
    property_places: Mapping[str, Place] = field(default_factory=dict, compare=False)  # Heap's name -> place

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the columns that identify a row: the unique key of events, else the identity."""
        return self.unique_key or (self.subject_column,)

    @property
    def key(self) -> str:
        """Return these columns as one text."""
        return ", ".join(self.key_columns)

    @property
    def subject_column(self) -> str:
        """Return the column of the user or account that a row is about: identity, heap_user_id or account_id."""
        return self.identity or self.heap_user_id or self.account_id or ""

    @property
    def user_field(self) -> str:
        """Return the field of a Heap record for the user: `identity`, or `user_id` for the SDK's numeric ID."""
        return "user_id" if self.heap_user_id else "identity"


_FEW = 10  # names that a message lists


@dataclass(frozen=True)
class Mistaken:
    """A declared sync that cannot run, because its declaration has mistakes."""

    name: str  # unique within its model; the sync's own name if the block has a usable one
    type: str  # empty if unknown
    model: Model
    mistakes: tuple[Mistake, ...]
    enabled: bool = True

    @property
    def message(self) -> str:
        """Return the mistakes as one sentence."""
        count = len(self.mistakes)
        mistakes = "; ".join(f"{each.file}: {each.key}: {each.text}" for each in sorted(self.mistakes))
        return f"not sent, its declaration has {'a mistake' if count == 1 else f'{count} mistakes'}: {mistakes}"


@dataclass(frozen=True)
class Warned:
    """A warning about a model's declaration."""

    unique_id: str
    text: str


@dataclass(frozen=True)
class Declarations:
    """All syncs that a project declares, or those of a selection."""

    syncs: tuple[Sync, ...]  # deletions, users, accounts, events; by name
    disabled: frozenset[str]  # names of disabled syncs
    mistaken: tuple[Mistaken, ...] = ()
    warned: tuple[Warned, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings as sentences."""
        return tuple(each.text for each in self.warned)

    def of_models(self, unique_ids: Collection[str]) -> Declarations:
        """Return what these models declare."""
        return replace(
            self,
            syncs=tuple(each for each in self.syncs if each.model.unique_id in unique_ids),
            mistaken=tuple(each for each in self.mistaken if each.model.unique_id in unique_ids),
            warned=tuple(each for each in self.warned if each.unique_id in unique_ids),
        )

    def named(self, names: Sequence[str]) -> Declarations:
        """Return the syncs of these names. Raises SettingsError if there is none of a name."""
        known = {each.name for each in self.syncs} | {each.name for each in self.mistaken}
        for name in names:
            if name in self.disabled:
                raise SettingsError(f"--sync {name}: this sync is disabled (`enabled: false`)")
            if name not in known:
                raise SettingsError(f"--sync {name}: no selected sync has this name{self._instead(name, known)}")
        return replace(
            self,
            syncs=tuple(each for each in self.syncs if each.name in names),
            mistaken=tuple(each for each in self.mistaken if each.name in names),
        )

    def _instead(self, name: str, known: Collection[str]) -> str:
        """Return the end of a message: how to select by model, the nearest name, or the existing names if few."""
        models = {each.model.name for each in self.syncs} | {each.model.name for each in self.mistaken}
        if name in models:
            return f"; for the syncs of a model, use --select {name}"
        few = f". Syncs: {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else ""
        return did_you_mean(name, known) or few

    def correct(self) -> Declarations:
        """Return self. Raises DeclarationError with all mistakes if there are any."""
        if self.mistaken:
            raise mistakes_of(self.mistaken)
        return self


def mistakes_of(mistaken: Collection[Mistaken]) -> DeclarationError:
    """Return the error that lists each mistake of these declarations once."""
    return DeclarationError([mistake for each in mistaken for mistake in each.mistakes])
