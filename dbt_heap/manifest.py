"""manifest.json as plain JSON, read leniently: any dbt's, any version's, only what a sync needs.

dbt's own classes pin one schema version and are the most repeated breakage of this ecosystem, see
https://github.com/datafold/data-diff/issues/540 and https://github.com/lightdash/lightdash/issues/7797.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dbt_heap.artifacts import mapping, parse, text, texts
from dbt_heap.errors import ManifestError

KNOWN_SCHEMA = "v12"  # of dbt 1.8 to 1.12, and of dbt 2
_RESOURCES = frozenset({"model", "snapshot", "seed", "source"})


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
    """A node of the manifest that can bear `meta.heap` on itself or on a column: model, snapshot, seed or source."""

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
    meta: Mapping[str, Any] = field(default_factory=dict)  # the model's own, without `heap`
    package: str = ""  # whose model it is: the project's, or one of its packages'
    source: str = ""  # of a source's table: the source's name
    version: int | float | str | None = None  # of a model that has several


@dataclass(frozen=True)
class DbtTest:
    """A test of dbt's: a generic one, a singular one, or a unit test."""

    unique_id: str
    name: str
    models: frozenset[str]  # unique ids: the one it is attached to, else all that it reads


@dataclass(frozen=True)
class Manifest:
    """What a run of dbt left behind, as far as syncs need it."""

    project_name: str
    dbt_version: str
    schema_version: str  # such as v12; empty where it says none
    models: tuple[Model, ...]  # those that bear `meta.heap` on themselves or on a column, by unique id
    warnings: tuple[str, ...] = ()
    of_dbt_2: bool = False  # written by dbt 2, which drops what stands under a top-level `meta`
    tests: tuple[DbtTest, ...] = ()  # of these models
    invocation_id: str = ""
    generated_at: str = ""  # ISO 8601, UTC
    has_default_selector: bool = False  # as dbt 1 writes it
    unique_ids: frozenset[str] = frozenset()  # of all that may bear `meta.heap`
    yaml_files: tuple[str, ...] = ()  # of the project's own nodes, in a manifest of dbt 2


def read_manifest(path: Path) -> Manifest:
    """The manifest at `path`. Raises ManifestError where there is none, or something else."""
    content = load_manifest(path)
    metadata = content["metadata"]
    version = text(metadata, "dbt_version")
    of_dbt_2 = is_of_dbt_2(content)
    models = sorted(models_of(content, tagged=True), key=lambda model: model.unique_id)
    schema = re.search(r"/manifest/(v\d+)", text(metadata, "dbt_schema_version"))
    manifest = Manifest(
        project_name=text(metadata, "project_name"),
        dbt_version=version,
        schema_version=schema[1] if schema else "",
        models=tuple(models),
        of_dbt_2=of_dbt_2,
        tests=tuple(_tests(content, {model.unique_id for model in models})),
        invocation_id=text(metadata, "invocation_id"),
        generated_at=text(metadata, "generated_at"),
        has_default_selector=any(
            isinstance(each, dict) and each.get("default") is True for each in mapping(content, "selectors").values()
        ),
        unique_ids=frozenset((*content["nodes"], *mapping(content, "sources"))),
        yaml_files=tuple(sorted(set(_yaml_files(content)))) if of_dbt_2 else (),
    )
    return replace(manifest, warnings=tuple(_warnings(manifest, path)))


def is_of_dbt_2(content: Mapping[str, Any]) -> bool:
    """Whether dbt 2 wrote a manifest's content."""
    return text(content["metadata"], "dbt_version").startswith("2.")


def _warnings(manifest: Manifest, path: Path) -> Iterator[str]:
    if manifest.schema_version != KNOWN_SCHEMA:
        found = manifest.schema_version or "no version at all"
        yield f"{path}: its schema is {found}, and {KNOWN_SCHEMA} is the one known here; it is read all the same"
    if not manifest.models and manifest.of_dbt_2:
        yield (
            f"{path}: no model bears `config.meta.heap`. dbt {manifest.dbt_version} drops a `meta` that does not "
            "stand under `config:`, so that declarations there are not seen"
        )


def load_manifest(path: Path) -> dict[str, Any]:
    """The file's whole content, of which `metadata` and `nodes` are known to be mappings.

    Raises ManifestError where there is none, or something else.
    """
    try:
        content = parse(path.read_bytes())
    except FileNotFoundError:
        raise ManifestError(
            f"there is no manifest at {path}: run `dbt run` (or `dbt parse`) first, or say where it is with "
            "--manifest, --target-path or --project-dir"
        ) from None
    except OSError as refusal:
        raise ManifestError(f"the manifest at {path} cannot be read: {refusal.strerror}") from None
    except (ValueError, RecursionError):
        raise ManifestError(
            f"{path} is cut short or no JSON: dbt may have been stopped while it wrote it, or is writing it now. "
            "Run `dbt parse` (or `dbt run`) again"
        ) from None
    what = _what_else(content)
    if not what and isinstance(content, dict):
        return content
    raise ManifestError(f"{path} {what}: give the path of dbt's manifest.json, or run `dbt parse` again")


def _what_else(content: Any) -> str:
    """What it is if no manifest: dbt's catalog.json has `metadata` and `nodes`, too."""
    artifact = re.search(r"/dbt/([a-z-]+)/v\d+", text(mapping(content, "metadata"), "dbt_schema_version"))
    if artifact and artifact[1] != "manifest":
        return f"is dbt's {artifact[1]}, not its manifest"
    if isinstance(content, dict) and all(isinstance(content.get(key), dict) for key in ("metadata", "nodes")):
        return ""
    return "is JSON, but not a manifest of dbt"


def models_of(content: Mapping[str, Any], *, tagged: bool) -> Iterator[Model]:
    """What can bear `meta.heap`; where it is to be `tagged`, only what bears it on itself or on a column."""
    of_dbt_2 = is_of_dbt_2(content)
    for group in (content["nodes"], mapping(content, "sources")):
        for unique_id, node in group.items():
            if isinstance(node, dict) and text(node, "resource_type") in _RESOURCES:
                meta = _meta(node)
                columns = tuple(_columns(node, of_dbt_2))
                if not tagged or "heap" in meta or any("heap" in column.meta for column in columns):
                    yield _model(unique_id, node, meta, columns)


def _yaml_files(content: Mapping[str, Any]) -> Iterator[str]:
    project = text(content["metadata"], "project_name")
    for group in (content["nodes"], mapping(content, "sources")):
        for node in group.values():
            if text(node, "package_name") == project and (file := _file(node)).endswith((".yml", ".yaml")):
                yield file


def _tests(content: Mapping[str, Any], models: set[str]) -> Iterator[DbtTest]:
    for group in (content["nodes"], mapping(content, "unit_tests")):
        for unique_id, node in group.items():
            if isinstance(node, dict) and text(node, "resource_type") in ("test", "unit_test"):
                read = texts(mapping(node, "depends_on").get("nodes"))
                attached = text(node, "attached_node")  # of a test on relationships: the model whose rows it is about
                if about := models.intersection((attached,) if attached else read):
                    yield DbtTest(unique_id, text(node, "name") or unique_id, frozenset(about))


def _model(unique_id: str, node: Mapping[str, Any], meta: Mapping[str, Any], columns: tuple[Column, ...]) -> Model:
    config = mapping(node, "config")
    resource_type = text(node, "resource_type")
    materialized = text(config, "materialized") or resource_type
    return Model(
        unique_id=unique_id,
        name=text(node, "name") or unique_id,
        resource_type=resource_type,
        materialized=materialized,
        relation=None if materialized == "ephemeral" else _relation(node),
        file=_file(node),
        heap=meta.get("heap"),
        columns=columns,
        tags=texts(node.get("tags")) or texts(config.get("tags")),
        primary_key=texts(node.get("primary_key")),
        unique_key=texts(config.get("unique_key")),
        meta={key: value for key, value in meta.items() if key != "heap"},
        package=text(node, "package_name"),
        source=text(node, "source_name"),
        version=node.get("version") if isinstance(node.get("version"), (int, float, str)) else None,
    )


def _columns(node: Mapping[str, Any], of_dbt_2: bool) -> Iterator[Column]:
    # dbt 2 copies the model's meta and tags into those of every column that has none of its own.
    copied = texts(node.get("tags")) if of_dbt_2 else ()
    for name, column in mapping(node, "columns").items():
        if isinstance(column, dict):
            config = mapping(column, "config")
            meta = mapping(config, "meta") if of_dbt_2 else _meta(column)
            tags = (*(tag for tag in texts(column.get("tags")) if tag not in copied), *texts(config.get("tags")))
            yield Column(text(column, "name") or name, meta, tuple(dict.fromkeys(tags)))


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    """`config.meta`, and what only stands under the `meta` of older projects."""
    return {**mapping(node, "meta"), **mapping(mapping(node, "config"), "meta")}


def _relation(node: Mapping[str, Any]) -> Relation | None:
    sql = text(node, "relation_name")
    schema = text(node, "schema")
    identifier = text(node, "alias") or text(node, "identifier") or text(node, "name")
    return Relation(text(node, "database") or None, schema, identifier, sql) if sql else None


def _file(node: Mapping[str, Any]) -> str:
    return text(node, "patch_path").rpartition("://")[2] or text(node, "original_file_path")
