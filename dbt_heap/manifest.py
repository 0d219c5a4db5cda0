"""manifest.json as plain JSON, read leniently: any dbt's, any version's, only what a sync needs.

dbt's own classes pin one schema version and are the most repeated breakage of this ecosystem, see
https://github.com/datafold/data-diff/issues/540 and https://github.com/lightdash/lightdash/issues/7797.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Relation:
    """Where a model's rows stand in the warehouse, in the manifest's spelling."""

    database: str | None
    schema: str
    identifier: str
    sql: str = ""  # the manifest's `relation_name`: quoted by the adapter that wrote it

    def __str__(self) -> str:
        return ".".join(part for part in (self.database, self.schema, self.identifier) if part)


@dataclass(frozen=True)
class Column:
    """A column listed under the model's `columns:`."""

    name: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A node of the manifest that bears `meta.heap` on itself or on a column: model, snapshot, seed or source."""

    unique_id: str
    name: str
    resource_type: str
    materialized: str
    relation: Relation | None  # None where dbt builds none (ephemeral)
    file: str  # the YAML file that declares it, else its own, relative to the project
    heap: Any  # the value of `meta.heap` as YAML gave it; None where only columns bear it
    columns: tuple[Column, ...] = ()
    tags: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()  # dbt's guess from tests and constraints
    unique_key: tuple[str, ...] = ()  # the config of an incremental model: may be a day, proposed only
