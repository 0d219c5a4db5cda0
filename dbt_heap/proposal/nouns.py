"""What is asked, and what is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbt_heap.declarations.columns import unfit
from dbt_heap.declarations.sync import SyncType
from dbt_heap.mapping import ValueClass


@dataclass(frozen=True)
class Column:
    """A column, and what dbt and the project say of it."""

    name: str
    value_class: ValueClass | None = None  # None where the model was never built
    unique: bool = False  # by a test or constraint of dbt's
    not_null: bool = False
    forbidden_by: str | None = None  # what of `never_send` forbids it
    unsafe: str | None = None  # why no block can name it
    speaks: bool = False  # its own `meta.heap` says that it is sent

    def fits(self, key: str) -> bool:
        """Whether a key of a block may name it and its class will do."""
        return self.unsafe is None and (self.value_class is None or unfit(key, self.value_class) is None)

    def is_sent_as(self, key: str) -> bool:
        """Whether it fits a key whose values are sent."""
        return self.forbidden_by is None and self.fits(key)

    @property
    def tested(self) -> str:
        """What dbt tests of it, as the end of a sentence."""
        tests = [word for word, yes in (("unique", self.unique), ("not null", self.not_null)) if yes]
        return f", and dbt says that it is {' and '.join(tests)}" if tests else ""


@dataclass(frozen=True)
class Subject:
    """A model as far as guessing needs it."""

    name: str
    columns: tuple[Column, ...]
    snapshot: bool = False
    key: tuple[str, ...] = ()  # what dbt takes for the primary key, or for candidates of it
    merged_by: tuple[str, ...] = ()  # the `unique_key` of an incremental model
    sync_name: str | None = None  # where the model's own name cannot be the sync's
    account_id_property: str | None = None
    environments: tuple[str, ...] = ("main",)
    taken: Mapping[tuple[SyncType, str, str], str] = field(default_factory=dict)  # type, environment, property -> sync


@dataclass(frozen=True)
class Guess:
    """A key of the block with its value, and why; no value where nothing was found that the block needs."""

    key: str
    value: str | tuple[str, ...] | None
    why: str


@dataclass(frozen=True)
class Property:
    """A column as a property; one that is better not sent unread has a reason."""

    name: str
    column: str
    doubt: str = ""


@dataclass(frozen=True)
class Proposal:
    """A block of `meta.heap`, guessed."""

    type: SyncType
    keys: tuple[Guess, ...]
    properties: tuple[Property, ...]
    left_out: Mapping[str, str]  # column -> why it cannot be sent

    @property
    def missing(self) -> tuple[Guess, ...]:
        """What the block needs and nothing was found for."""
        return tuple(guess for guess in self.keys if guess.value is None)
