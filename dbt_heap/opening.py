"""From an invocation to the ledger in its warehouse. Imported only where a warehouse is needed: it loads dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dbt_heap.invocation import Invocation
from dbt_heap.ledger.catalog import read_columns
from dbt_heap.ledger.ledger import Ledger
from dbt_heap.ledger.state import read_state
from dbt_heap.manifest import Manifest, Relation
from dbt_heap.mapping import ValueClass
from dbt_heap.project import ProjectFile
from dbt_heap.settings import Settings
from dbt_heap.target_check import ReadManifest, must_be_of_active_target
from dbt_heap.warehouse import Warehouse, open_warehouse


@contextmanager
def open_ledger(invocation: Invocation, *, reads_models: bool = True) -> Iterator[Ledger]:
    """The ledger in the project's warehouse, which is let go of at the end.

    `reads_models` says whether rows of models are read, be it to count, to show or to send them: then the manifest has
    to be of the active target. Raises TargetError, WarehouseError, StateError.
    """
    project = invocation.project.name or invocation.manifest.project_name
    with _open(invocation.settings, invocation.project, invocation.manifest) as warehouse:
        if reads_models and not invocation.settings.allow_target_mismatch:
            read = ReadManifest.at(invocation.manifest_path, invocation.manifest)
            must_be_of_active_target(read, warehouse.targets, invocation.heap_environments)
        state = read_state(warehouse, invocation.project.heap_vars.schema_name, _relations(invocation))
        not_run = invocation.disabled | invocation.broken
        yield Ledger(state, invocation.project.heap_vars, project, invocation.declared, not_run)


def built_columns(
    settings: Settings, project: ProjectFile, project_name: str, relation: Relation
) -> Mapping[str, ValueClass]:
    """A relation's columns and their classes as the warehouse has them; empty where it was never built.

    `project_name` is the manifest's, for when there is no checkout. Raises WarehouseError.
    """
    with open_warehouse(settings.dbt_project(project, project_name)) as warehouse:
        return read_columns(warehouse, relation)


def _open(settings: Settings, project: ProjectFile, manifest: Manifest) -> Warehouse:
    """The project's warehouse; without a checkout, the project is what the manifest tells of it."""
    naming_macros = () if project.raw else manifest.naming_macros
    return open_warehouse(settings.dbt_project(project, manifest.project_name), naming_macros)


def _relations(invocation: Invocation) -> tuple[Relation, ...]:
    return tuple({sync.model.relation for sync in invocation.declared if sync.model.relation})
