"""Open an invocation's warehouse and read its state. Imported only by commands that need a warehouse: it loads dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from dbt_heap.errors import SettingsError, WarehouseError
from dbt_heap.project.dbt_project import ProjectFile
from dbt_heap.project.nodes import Manifest, Model
from dbt_heap.project.settings import Settings
from dbt_heap.state.catalog import class_of, read_columns
from dbt_heap.state.log import LogEntry
from dbt_heap.state.models import absence_of, grants
from dbt_heap.state.ownership import Owner
from dbt_heap.state.store import StateStore, read_store
from dbt_heap.syncs.absence import absent
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.warehouse.adapter import open_warehouse
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.targets import ReadManifest, raise_if_other_target


@contextmanager
def open_state(
    invocation: Invocation, *, reads_models: bool = True, built: tuple[Path, Manifest] | None = None
) -> Iterator[StateStore]:
    """Open the project's warehouse, and yield what its state schema holds; close the warehouse at the end.

    Args:
        invocation: the command with its project and settings.
        reads_models: whether rows of models are read, to count, show or send them. Then the manifest must be of the
            active target.
        built: the manifest that must be, with its path; by default the command's own.

    Raises:
        TargetError: the manifest was built under another target.
        WarehouseError: the warehouse cannot be opened.
        StateError: the state is incomplete, or a newer dbt-heap wrote it.
    """
    with _open(invocation.settings, invocation.project, invocation.manifest) as warehouse:
        invocation.opened(warehouse.target_name)
        if reads_models and not invocation.settings.allow_target_mismatch:
            read = ReadManifest.at(*(built or (invocation.manifest_path, invocation.manifest)))
            raise_if_other_target(read, warehouse.targets, invocation.heap_environments)
        yield read_store(warehouse, invocation.project.heap_vars.schema_name, _owner(invocation))


def _owner(invocation: Invocation) -> Owner:
    in_checkout, manifest = invocation.project.name, invocation.manifest
    return Owner(
        in_checkout or manifest.project_name, invocation.declared, invocation.disabled | invocation.broken,
        assumed=manifest.project_assumed and not in_checkout,
    )  # fmt: skip


def built_columns(
    settings: Settings, project: ProjectFile, project_name: str, model: Model
) -> tuple[Mapping[str, ValueClass], str]:
    """Return a model's columns in the warehouse with their classes, and why if there are none.

    `project_name` is the manifest's, which counts if there is no checkout. Raises WarehouseError.
    """
    relation = model.relation
    if relation is None:
        return {}, f"dbt builds no relation for {model.name}"
    with open_warehouse(settings.dbt_project(project, project_name)) as warehouse:
        try:
            catalog = read_columns(warehouse, relation)
        except WarehouseError as refused:
            if not refused.absent or warehouse.was_open:
                raise
            return {}, str(refused)  # the DuckDB file itself is not built yet
        if types := catalog.of_model(relation):
            return {column: class_of(warehouse, type_name) for column, type_name in types.items()}, ""
        absence = absence_of(warehouse, catalog, relation)
        why = absent([model], absence, grants(warehouse, [model], absence)) if absence else f"{relation} has no columns"
        return {}, why


def _open(settings: Settings, project: ProjectFile, manifest: Manifest) -> Warehouse:
    """Return the project's warehouse. Naming macros that its folder lacks are taken from the manifest.

    A checkout's own macros are read from disk; packages may not be installed there.
    """
    checkout = bool(project.raw) and not settings.from_elsewhere
    macros = (each for each in manifest.naming_macros if not checkout or each.get("package_name") != project.name)
    return open_warehouse(settings.dbt_project(project, manifest.project_name), macros)


def undeclared_syncs(invocation: Invocation, store: StateStore) -> Mapping[str, LogEntry]:
    """Return the newest entries of syncs that have state under the active target and are no longer declared."""
    found: dict[str, LogEntry] = {}
    for environment in invocation.project.heap_vars.environment_names:
        with suppress(SettingsError):  # without an Environment ID, nothing can have been sent
            label = invocation.destination_of(environment, store.target).label
            found.update(store.owner.undeclared(store.log, label))
    return dict(sorted(found.items()))


def undeclared_in_dbt_2(invocation: Invocation, store: StateStore) -> tuple[str, ...]:
    """Return a warning for each sync that has state and that a manifest of dbt 2 no longer declares."""
    if not invocation.manifest.of_dbt_2:
        return ()
    return tuple(
        f"{name} was synced before, and the manifest no longer declares it. dbt 2 drops `meta` that is not under "
        f"`config:`. If the sync is gone for good: dbt-heap state reset {name}"
        for name in undeclared_syncs(invocation, store)
    )
