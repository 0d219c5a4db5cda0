"""What a manifest knows of one model, tagged or not, that guessing can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.errors import SettingsError
from dbt_heap.manifest import Model, models_of
from dbt_heap.manifest.artifacts import mapping, text, texts
from dbt_heap.manifest.project_names import project_name_of
from dbt_heap.reading import quoted
from dbt_heap.spelling import did_you_mean

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
