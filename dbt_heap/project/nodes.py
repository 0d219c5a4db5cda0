"""The parts of a manifest that syncs need: models, columns, tests and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt_heap.project.artifacts import mapping, text, texts


@dataclass(frozen=True)
class Relation:
    """The table or view of a model, spelled as in the manifest."""

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
    """A node that can declare a sync: model, snapshot, seed or source."""

    unique_id: str
    name: str
    resource_type: str
    materialized: str
    relation: Relation | None  # None if dbt builds none (ephemeral)
    file: str  # the YAML file that declares it, else its own, relative to the project
    heap: Any  # the value of `meta.heap` as in YAML; None if only columns have one
    columns: tuple[Column, ...] = ()
    tags: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()  # dbt's guess from tests and constraints
    unique_key: tuple[str, ...] = ()  # the config of an incremental model; it may be a day, so it is only suggested
    meta: Mapping[str, Any] = field(default_factory=dict)  # the model's own, without `heap`
    package: str = ""  # whose model it is: the project's, or one of its packages'
    source: str = ""  # the name of the source, for a source table
    version: int | float | str | None = None  # of a versioned model
    fqn: tuple[str, ...] = ()  # package, folders and name, by which dbt_project.yml configures it
    patched: bool = True  # whether a YAML file describes it
    block_file: str = ""  # the file that its block was written in, if that is not `file`
    heap_key: str = "meta.heap"  # where in that file
    access: str = ""  # of a model: private, protected or public
    group: str = ""  # of a model, by its name
    is_latest: bool = False  # of a versioned model: `ref` without a version means this one

    @property
    def full_name(self) -> str:
        """Return the name that no other model has: with package and source, and with the version if it has one."""
        version = "" if self.version is None else f".v{self.version}"
        return ".".join(part for part in (self.package, self.source, self.name) if part) + version


@dataclass(frozen=True)
class DbtTest:
    """A dbt test: generic, singular, or a unit test."""

    unique_id: str
    name: str
    models: frozenset[str]  # unique IDs: the one it is attached to, else all that it reads

    @property
    def is_of_data(self) -> bool:
        """Whether it checks the model's rows; a unit test checks only its code."""
        return not self.unique_id.startswith("unit_test.")


@dataclass(frozen=True)
class Group:
    """A group of models and its owner: https://docs.getdbt.com/docs/build/groups."""

    name: str
    package: str
    owner_name: str = ""
    owner_emails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """A manifest, as far as syncs need it."""

    project_name: str  # the likeliest package if the manifest has no name, as before dbt 1.6
    dbt_version: str
    schema_version: str  # such as v12; empty if it has none
    models: tuple[Model, ...]  # those with `meta.heap` on them or on a column, by unique ID
    warnings: tuple[str, ...] = ()
    of_dbt_2: bool = False  # written by dbt 2, which drops a top-level `meta`
    tests: tuple[DbtTest, ...] = ()  # of these models
    invocation_id: str = ""
    generated_at: str = ""  # ISO 8601, UTC
    project_assumed: bool = False
    has_default_selector: bool = False  # as dbt 1 writes it
    unique_ids: frozenset[str] = frozenset()  # of all that can declare a sync
    groups: tuple[Group, ...] = ()
    yaml_files: tuple[str, ...] = ()  # of the project's own nodes, in a manifest of dbt 2
    adapter_type: str = ""
    placed: tuple[Mapping[str, Any], ...] = ()  # nodes as dbt wrote them; their relations show the target
    naming_macros: tuple[Mapping[str, Any], ...] = ()  # of the project and its packages, with the macros that they call


LOOKED_AT = 400  # nodes without a sync, at most
MAX_PLACED = 40  # of the nodes without a sync; one of each kind is enough
_BUILT = frozenset({"model", "seed", "snapshot"})
_NAMING = ("generate_schema_name", "generate_database_name", "generate_alias_name")
_LEFT_OUT = frozenset({"raw_code", "compiled_code", "columns", "docs", "description", "extra_ctes", "doc_blocks"})


def placed_nodes(nodes: Mapping[str, Any], synced: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the built nodes that have syncs, then one of each kind of the others: by package, folder and config.

    Only a sample of the others is considered, because parsing every node of a large manifest takes long.
    """
    wanted = set(synced)
    built = [each for each in nodes if each.partition(".")[0] in _BUILT]
    yield from (_trimmed(node) for each in built if each in wanted and _is_placed(node := nodes[each]))
    others = [each for each in built if each not in wanted]
    kinds: set[tuple[Any, ...]] = set()
    for unique_id in others[:: len(others) // LOOKED_AT + 1]:
        node = nodes[unique_id]
        if _is_placed(node) and len(kinds) < MAX_PLACED and (kind := _kind(node)) not in kinds:
            kinds.add(kind)
            yield _trimmed(node)


def _is_placed(node: Any) -> bool:
    """Return whether dbt builds a node and its relation is known."""
    return isinstance(node, dict) and text(node, "resource_type") in _BUILT and bool(text(node, "relation_name"))


def placed_sources(sources: Mapping[str, Any], synced: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the synced sources: Jinja in their YAML may name another schema for each target."""
    wanted = set(synced)
    found = (sources[each] for each in sources if each in wanted)
    yield from (_trimmed(node) for node in found if isinstance(node, dict))


def _kind(node: Mapping[str, Any]) -> tuple[Any, ...]:
    config = mapping(node, "config")
    custom = [str(config.get(each)) for each in ("schema", "database")]
    return (text(node, "resource_type"), text(node, "package_name"), *custom, *texts(node.get("fqn"))[1:2])


def _trimmed(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a node without what no name depends on, such as SQL and docs, which are most of it."""
    return {key: value for key, value in node.items() if key not in _LEFT_OUT}


def naming_macros(macros: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the naming macros of the project and its packages and all macros that they call, without dbt's own."""
    waiting = [each for each in macros if each.rpartition(".")[2] in _NAMING and not _is_from_dbt(each)]
    seen = set(waiting)
    for unique_id in waiting:  # grows while it is walked
        macro = macros.get(unique_id)
        if isinstance(macro, dict):
            yield macro
            called = [each for each in texts(mapping(macro, "depends_on").get("macros")) if each not in seen]
            waiting += [each for each in called if not _is_from_dbt(each)]
            seen.update(called)


def _is_from_dbt(unique_id: str) -> bool:
    """Return whether a macro is one of dbt's own, which are installed with dbt."""
    return unique_id.startswith("macro.dbt.")
