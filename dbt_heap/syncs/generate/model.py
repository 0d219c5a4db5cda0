"""The model to draft a block for, and the draft: what `generate` reads and what it proposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.errors import SettingsError, did_you_mean
from dbt_heap.project.artifacts import mapping, project_name_of, text
from dbt_heap.project.manifest import models_of
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import quoted
from dbt_heap.syncs.column_check import unfit
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.sync import SyncType

_CONSTRAINTS = {"primary_key": ("unique", "not_null"), "unique": ("unique",), "not_null": ("not_null",)}


@dataclass(frozen=True)
class Found:
    """A model, and the names in lower case of its columns that dbt tests or constrains."""

    model: Model
    of_package: bool  # an installed package declares it
    unique: frozenset[str]
    not_null: frozenset[str]


def find(content: Mapping[str, Any], name: str) -> Found:
    """Return the model, snapshot, seed or source table with this name.

    If several have it, the latest version of a model is meant; else `package.model`, `source.table`, `model.v2` or the
    unique ID tells them apart. Raises SettingsError if there is none, or if several are left.
    """
    models = list(models_of(content, tagged=False))
    named = [model for model in models if name in _names(model)]
    latest = [model for model in named if model.is_latest]
    chosen = latest if len(latest) == 1 else named
    if not chosen:
        near = did_you_mean(name, sorted({each for model in models for each in list(_names(model))[1:]}))
        raise SettingsError(f"the manifest has no model, snapshot, seed or source {quoted(name)}{near}")
    if len(chosen) > 1:
        unique_ids = ", ".join(sorted(model.unique_id for model in chosen))
        raise SettingsError(f"several nodes have the name {quoted(name)}: give one of {unique_ids}")
    (model,) = chosen
    promises = set(_promises(content, model.unique_id))
    return Found(
        model,
        of_package=model.package not in ("", project_name_of(content).name),
        unique=frozenset(column for promise, column in promises if promise == "unique"),
        not_null=frozenset(column for promise, column in promises if promise == "not_null"),
    )


def _names(model: Model) -> Iterator[str]:
    yield from (model.unique_id, model.name, f"{model.source or model.package}.{model.name}")
    if model.version is not None:
        yield f"{model.name}.v{model.version}"


def _promises(content: Mapping[str, Any], unique_id: str) -> Iterator[tuple[str, str]]:
    """Yield what tests and constraints promise (`unique`, `not_null`), and of which column."""
    for test in content["nodes"].values():
        if text(test, "resource_type") == "test" and text(test, "attached_node") == unique_id:
            about = mapping(test, "test_metadata")
            column = text(test, "column_name") or text(mapping(about, "kwargs"), "column_name")
            yield text(about, "name"), column.strip('"`').lower()
    node = content["nodes"].get(unique_id) or mapping(content, "sources")[unique_id]
    for name, column in mapping(node, "columns").items():
        for constraint in column.get("constraints") or () if isinstance(column, dict) else ():
            for promise in _CONSTRAINTS.get(text(constraint, "type"), ()):
                yield promise, name.lower()


@dataclass(frozen=True)
class Column:
    """A column, and what dbt and the project say about it."""

    name: str
    value_class: ValueClass | None = None  # None if the model was never built
    unique: bool = False  # by a dbt test or constraint
    not_null: bool = False
    forbidden_by: str | None = None  # the rule of `never_send` that forbids it
    unsafe: str | None = None  # why a block cannot name it
    declared: bool = False  # it has its own `meta.heap`

    def fits(self, key: str) -> bool:
        """Return whether a key of a block can name the column, by its name and class."""
        return self.unsafe is None and (self.value_class is None or unfit(key, self.value_class) is None)

    @property
    def evidence(self) -> str:
        """What supports choosing the column: its name, and dbt's tests."""
        tests = [test for test, passed in (("unique", self.unique), ("not null", self.not_null)) if passed]
        return f"its name; {' and '.join(tests)} according to dbt" if tests else "its name"


@dataclass(frozen=True)
class Subject:
    """A model as far as a draft depends on it."""

    name: str
    columns: tuple[Column, ...]
    snapshot: bool = False
    key: tuple[str, ...] = ()  # dbt's guess of the primary key
    merged_by: tuple[str, ...] = ()  # the `unique_key` of an incremental model
    sync_name: str | None = None  # if the model's own name cannot be the sync's
    account_id_property: str | None = None
    environments: tuple[str, ...] = ("main",)
    taken: Mapping[tuple[SyncType, str, str], str] = field(default_factory=dict)  # type, environment, property -> sync


@dataclass(frozen=True)
class Guess:
    """A key of the block, its value and the reason; the value is None if the block needs one and none was found."""

    key: str
    value: str | tuple[str, ...] | None
    why: str


@dataclass(frozen=True)
class Property:
    """A column as a property; with a `doubt`, it is only a comment in the draft."""

    name: str
    column: str
    doubt: str = ""


@dataclass(frozen=True)
class Proposal:
    """A drafted block."""

    type: SyncType
    keys: tuple[Guess, ...]
    properties: tuple[Property, ...]
    left_out: Mapping[str, str]  # column -> why it cannot be sent

    @property
    def missing(self) -> tuple[Guess, ...]:
        """The keys that the block needs and for which nothing was found."""
        return tuple(guess for guess in self.keys if guess.value is None)
