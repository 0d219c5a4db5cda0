"""From an invocation to the ledger in its warehouse. Imported only where a warehouse is needed: it loads dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dbt_heap.errors import WarehouseError
from dbt_heap.project.dbt_project import ProjectFile
from dbt_heap.project.nodes import Manifest, Model, Relation
from dbt_heap.project.settings import Settings
from dbt_heap.state.access import absence_of, grants
from dbt_heap.state.catalog import class_of, read_columns
from dbt_heap.state.compare import Ledger
from dbt_heap.state.ownership import Owner
from dbt_heap.state.store import read_state
from dbt_heap.syncs.absence import absent
from dbt_heap.syncs.columns import ValueClass
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.warehouse.adapter import open_warehouse
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.target_check import ReadManifest, must_be_of_active_target


@contextmanager
def open_ledger(invocation: Invocation, *, reads_models: bool = True) -> Iterator[Ledger]:
    """The ledger in the project's warehouse, which is let go of at the end.

    `reads_models` says whether rows of models are read, be it to count, to show or to send them: then the manifest has
    to be of the active target. Raises TargetError, WarehouseError, StateError.
    """
    with _open(invocation.settings, invocation.project, invocation.manifest) as warehouse:
        invocation.opened(warehouse.target_name)
        if reads_models and not invocation.settings.allow_target_mismatch:
            read = ReadManifest.at(invocation.manifest_path, invocation.manifest)
            must_be_of_active_target(read, warehouse.targets, invocation.heap_environments)
        state = read_state(warehouse, invocation.project.heap_vars.schema_name, _relations(invocation))
        yield Ledger(state, invocation.project.heap_vars, invocation.declared, _owner(invocation))


def _owner(invocation: Invocation) -> Owner:
    in_checkout, manifest = invocation.project.name, invocation.manifest
    return Owner(
        in_checkout or manifest.project_name, invocation.declared, invocation.disabled | invocation.broken,
        assumed=manifest.project_assumed and not in_checkout,
    )  # fmt: skip


def built_columns(
    settings: Settings, project: ProjectFile, project_name: str, model: Model
) -> tuple[Mapping[str, ValueClass], str]:
    """Return a model's columns with their classes as the warehouse has them, and why if there are none.

    `project_name` is the manifest's, for when there is no checkout. Raises WarehouseError.
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
    """Return the project's warehouse. What its folder lacks, the manifest provides: macros that name relations.

    A checkout's own macros count as they are on disk; packages may not be installed there.
    """
    checkout = bool(project.raw) and not settings.from_elsewhere
    macros = (each for each in manifest.naming_macros if not checkout or each.get("package_name") != project.name)
    return open_warehouse(settings.dbt_project(project, manifest.project_name), macros)


def _relations(invocation: Invocation) -> tuple[Relation, ...]:
    return tuple({sync.model.relation for sync in invocation.declared if sync.model.relation})
