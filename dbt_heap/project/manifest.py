"""Read manifest.json leniently, of any dbt and any version, and only what a sync needs.

dbt's own classes accept only one schema version, which breaks tools again and again, see
https://github.com/datafold/data-diff/issues/540 and https://github.com/lightdash/lightdash/issues/7797.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dbt_heap.errors import printable
from dbt_heap.project.artifacts import (
    is_of_dbt_2,
    manifest_errors,
    mapping,
    posix_path,
    project_name_of,
    scan_manifest,
    text,
    texts,
)
from dbt_heap.project.nodes import (
    Column,
    DbtTest,
    Group,
    Manifest,
    Model,
    Relation,
    naming_macros,
    placed_nodes,
    placed_sources,
)

KNOWN_SCHEMA = "v12"  # of dbt 1.8 to 1.12, and of dbt 2
_CONFIG = re.compile(r"\bconfig\s*\((?:(?!}}).)*?\bmeta\b(?:(?!}}).)*?['\"]heap['\"]", re.DOTALL)
RESOURCES = frozenset({"model", "snapshot", "seed", "source"})


def read_manifest(path: Path, checkout: str = "") -> Manifest:
    """Return the manifest at `path`. `checkout` is the project's name in dbt_project.yml, if there is one.

    Raises ManifestError if there is no file, or if it is not a manifest.
    """
    content = scan_manifest(path)
    with manifest_errors(path):
        manifest = _manifest(content, checkout)
    return replace(manifest, warnings=tuple(_warnings(manifest, path)))


def _manifest(content: Mapping[str, Any], checkout: str) -> Manifest:
    metadata = content["metadata"]
    version = text(metadata, "dbt_version")
    of_dbt_2 = is_of_dbt_2(content)
    models = sorted(models_of(content, tagged=True), key=lambda model: model.unique_id)
    project = project_name_of(content, checkout)
    schema = re.search(r"/manifest/(v\d+)", text(metadata, "dbt_schema_version"))
    return Manifest(
        project_name=project.name,
        project_assumed=project.assumed,
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
        unique_ids=frozenset((*content["nodes"], *_group(content, "sources"))),
        groups=tuple(_owned_groups(content)),
        yaml_files=tuple(sorted(set(_yaml_files(content, project.name)))) if of_dbt_2 else (),
        adapter_type=text(metadata, "adapter_type"),
        placed=(
            *placed_nodes(content["nodes"], (model.unique_id for model in models)),
            *placed_sources(_group(content, "sources"), (model.unique_id for model in models)),
        ),
        naming_macros=tuple(naming_macros(_group(content, "macros"))),
    )


def _warnings(manifest: Manifest, path: Path) -> Iterator[str]:
    if manifest.schema_version != KNOWN_SCHEMA:
        found = manifest.schema_version or "no version at all"
        assumed = f". It does not name its project, which is assumed to be '{printable(manifest.project_name)}'"
        yield (
            f"{path}: its schema is {found}, and {KNOWN_SCHEMA} is the one that dbt-heap knows; it is read anyway"
            f"{assumed if manifest.project_assumed else ''}"
        )
    if not manifest.models and manifest.of_dbt_2:
        yield (
            f"{path}: no model has `config.meta.heap`. dbt {manifest.dbt_version} drops a `meta` that is "
            "not under `config:`, and the declarations in it"
        )


def models_of(content: Mapping[str, Any], *, tagged: bool) -> Iterator[Model]:
    """Yield all models, snapshots, seeds and sources; if `tagged`, those with `meta.heap` on them or on a column."""
    of_dbt_2 = is_of_dbt_2(content)
    for group in ("nodes", "sources"):
        for unique_id, node in _group(content, group).items():
            if isinstance(node, dict) and text(node, "resource_type") in RESOURCES:
                meta = _meta(node)
                columns = tuple(_columns(node, of_dbt_2))
                if not tagged or "heap" in meta or any("heap" in column.meta for column in columns):
                    yield _model(unique_id, node, meta, columns)


def _group(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the nodes of a kind by unique ID."""
    group = content.get(name)
    return group if isinstance(group, Mapping) else {}


def _owned_groups(content: Mapping[str, Any]) -> Iterator[Group]:
    for each in _group(content, "groups").values():
        owner = mapping(each, "owner")
        yield Group(text(each, "name"), text(each, "package_name"), text(owner, "name"), texts(owner.get("email")))


def _yaml_files(content: Mapping[str, Any], project: str) -> Iterator[str]:
    for group in ("nodes", "sources"):
        for node in _group(content, group).values():
            if text(node, "package_name") == project and (file := _file(node)).endswith((".yml", ".yaml")):
                yield file


def _tests(content: Mapping[str, Any], models: set[str]) -> Iterator[DbtTest]:
    for group in ("nodes", "unit_tests"):
        for unique_id, node in _group(content, group).items():
            if isinstance(node, dict) and text(node, "resource_type") in ("test", "unit_test"):
                read = texts(mapping(node, "depends_on").get("nodes"))
                attached = text(node, "attached_node")  # of a relationships test: the model whose rows it checks
                if about := models.intersection((attached,) if attached else read):
                    yield DbtTest(unique_id, text(node, "name") or unique_id, frozenset(about))


def _model(unique_id: str, node: Mapping[str, Any], meta: Mapping[str, Any], columns: tuple[Column, ...]) -> Model:
    config = mapping(node, "config")
    resource_type = text(node, "resource_type")
    version = node.get("version")
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
        version=version if isinstance(version, (int, float, str)) else None,
        fqn=texts(node.get("fqn")),
        patched=bool(text(node, "patch_path")) or text(node, "original_file_path").endswith((".yml", ".yaml")),
        block_file=posix_path(text(node, "original_file_path")) if _configures_block(node) else "",
        access=text(node, "access") or text(config, "access"),
        group=text(node, "group") or text(config, "group"),
        is_latest=version is not None and str(version) == str(node.get("latest_version")),
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
    """Return `config.meta`, with the top-level `meta` of older projects below it."""
    return {**mapping(node, "meta"), **mapping(mapping(node, "config"), "meta")}


def _relation(node: Mapping[str, Any]) -> Relation | None:
    sql = text(node, "relation_name")
    schema = text(node, "schema")
    identifier = text(node, "alias") or text(node, "identifier") or text(node, "name")
    return Relation(text(node, "database") or None, schema, identifier, sql) if sql else None


def _configures_block(node: Mapping[str, Any]) -> bool:
    """Return whether the `config()` in a model's SQL has a block, which takes precedence over YAML."""
    code = text(node, "raw_code") or text(node, "raw_sql")
    return "heap" in code and _CONFIG.search(code) is not None


def _file(node: Mapping[str, Any]) -> str:
    return posix_path(text(node, "patch_path")).rpartition("://")[2] or posix_path(text(node, "original_file_path"))
