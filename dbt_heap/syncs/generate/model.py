"""What is asked, and what is proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.errors import SettingsError, did_you_mean
from dbt_heap.project.artifacts import mapping, project_name_of, text, texts
from dbt_heap.project.manifest import models_of
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import quoted
from dbt_heap.syncs.column_check import unfit
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.sync import SyncType

_CONSTRAINTS = {"primary_key": ("unique", "not_null"), "unique": ("unique",), "not_null": ("not_null",)}


@dataclass(frozen=True)
class Found:
    """A model, and what its tests and constraints say of single columns, in lower case."""

    model: Model
    fqn: tuple[str, ...]  # its place in dbt_project.yml
    foreign: bool  # a package's
    unique: frozenset[str] = frozenset()
    not_null: frozenset[str] = frozenset()


def find(content: Mapping[str, Any], name: str) -> Found:
    """The model, snapshot, seed or source's table of that name. Raises SettingsError with the nearest.

    A name is the model's; where several share it, `package.model`, `source.table`, `model.v2` or the unique id.
    Of a model's versions the bare name is the latest.
    """
    models = tuple(models_of(content, tagged=False))
    nodes = {**mapping(content, "sources"), **content["nodes"]}
    named = [model for model in models if name in _names(model)]
    latest = [model for model in named if _is_latest(model, nodes[model.unique_id])]
    chosen = latest if len(latest) == 1 else named
    if not chosen:
        near = did_you_mean(name, sorted({each for model in models for each in _names(model)[1:]}))
        raise SettingsError(f"the manifest has no model, snapshot, seed or source {quoted(name)}{near}")
    if len(chosen) > 1:
        which = ", ".join(sorted(model.unique_id for model in chosen))
        raise SettingsError(f"several go by the name {quoted(name)}: give one of {which}")
    (model,) = chosen
    node = nodes[model.unique_id]
    said = list(_said(content["nodes"], model.unique_id, node))
    return Found(
        model=model,
        fqn=texts(node.get("fqn")) or (model.package, model.name),
        foreign=model.package not in ("", project_name_of(content).name),
        unique=frozenset(column for what, column in said if what == "unique"),
        not_null=frozenset(column for what, column in said if what == "not_null"),
    )


def _names(model: Model) -> tuple[str, ...]:
    """By what a model may be asked for; its unique id, which nobody types by chance, first."""
    owner = model.source or model.package
    versioned = [f"{model.name}.v{model.version}"] if model.version is not None else []
    return (model.unique_id, model.name, f"{owner}.{model.name}", *versioned)


def _is_latest(model: Model, node: Mapping[str, Any]) -> bool:
    return model.version is not None and node.get("latest_version") == model.version


def _said(nodes: Mapping[str, Any], unique_id: str, node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is tested or constrained, and of which column."""
    for each in nodes.values():
        if text(each, "resource_type") == "test" and text(each, "attached_node") == unique_id:
            about = mapping(each, "test_metadata")
            column = text(each, "column_name") or text(mapping(about, "kwargs"), "column_name")
            if column:
                yield text(about, "name"), column.strip('"`').lower()
    for name, column in mapping(node, "columns").items():
        for constraint in column.get("constraints") or () if isinstance(column, dict) else ():
            for what in _CONSTRAINTS.get(text(constraint, "type"), ()):
                yield what, name.lower()


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
