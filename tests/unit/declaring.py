"""Projects as YAML text, and the models and variables that dbt and dbt-heap make of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from dbt_heap.errors import DeclarationError
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.nodes import Column, Model, Relation
from dbt_heap.project.validation import Place, parse_model
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.sync import Declarations

FILE = "models/heap.yml"


def models(document: str) -> list[Model]:
    """The models, snapshots and seeds of a YAML file, in its order."""
    content = yaml.safe_load(document)
    kinds = {"models": "model", "snapshots": "snapshot", "seeds": "seed"}
    return [_model(node, kind) for key, kind in kinds.items() for node in content.get(key, ())]


def heap_vars(text: str = "{}") -> HeapVars:
    """The block `vars: dbt_heap:`."""
    reading = parse_model(HeapVars, yaml.safe_load(text), Place("dbt_project.yml", "dbt_project.yml", "vars.dbt_heap"))
    assert not reading.mistakes, reading.mistakes
    return reading.value


def declared(document: str, variables: str = "{}") -> Declarations:
    """What a YAML file declares."""
    return declare(models(document), heap_vars(variables)).correct()


def mistakes(document: str, variables: str = "{}") -> list[tuple[str, str, str, str]]:
    """Return model, file, key and text of each mistake in a YAML file, in the order of the report."""
    try:
        declared(document, variables)
    except DeclarationError as error:
        return [(each.model, each.file, each.key, each.text) for each in error.mistakes]
    return []


@dataclass(frozen=True)
class Case:
    """One model with mistakes: its `meta.heap`, and of each mistake `key: text`."""

    title: str
    heap: str  # as YAML; the keys of a single block have no braces
    reported: list[str]
    columns: str = "[]"
    variables: str = "{}"
    config: Mapping[str, str] = field(default_factory=dict)
    model: str = "m"

    @property
    def document(self) -> str:
        """Its YAML file."""
        return one(self.heap, self.columns, self.model, **self.config)


def braced(heap: str) -> str:
    """A value of `meta.heap`; the keys of a single block get their braces."""
    return heap if heap.startswith("[") or ":" not in heap else f"{{{heap}}}"


def one(heap: str, columns: str = "[]", model: str = "m", **config: str) -> str:
    """A YAML file of one model."""
    others = "".join(f", {key}: {each}" for key, each in config.items())
    return f"models: [{{name: {model}, config: {{meta: {{heap: {braced(heap)}}}{others}}}, columns: {columns}}}]"


def _model(node: Mapping[str, Any], kind: str) -> Model:
    config = node.get("config", {})
    meta = config.get("meta", {})
    materialized = config.get("materialized", "table")
    name = node["name"]
    return Model(
        unique_id=f"{kind}.shop.{name}",
        name=name,
        resource_type=kind,
        materialized=materialized,
        relation=None if materialized == "ephemeral" else Relation("db", "shop", name, f'"db"."shop"."{name}"'),
        file=FILE,
        heap=meta.get("heap"),
        columns=tuple(_column(each) for each in node.get("columns", ())),
        primary_key=tuple(config.get("primary_key", ())),  # in a manifest: dbt's guess from tests
        unique_key=tuple(config.get("unique_key", ())),
    )


def _column(column: Mapping[str, Any]) -> Column:
    config = column.get("config", {})
    return Column(column["name"], config.get("meta", {}), tuple(config.get("tags", ())))
