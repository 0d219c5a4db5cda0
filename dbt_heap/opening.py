"""From an invocation to the ledger in its warehouse. Imported only where a warehouse is needed: it loads dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dbt_heap.invocation import Invocation
from dbt_heap.ledger.catalog import read_columns
from dbt_heap.ledger.ledger import Ledger
from dbt_heap.ledger.state import read_state
from dbt_heap.manifest import Relation
from dbt_heap.mapping import ValueClass
from dbt_heap.project import ProjectFile
from dbt_heap.settings import Settings
from dbt_heap.warehouse import Warehouse, open_warehouse


@contextmanager
def open_ledger(invocation: Invocation) -> Iterator[Ledger]:
    """The ledger in the project's warehouse, which is let go of at the end. Raises WarehouseError, StateError."""
    project = invocation.project.name or invocation.manifest.project_name
    with _open(invocation.settings, invocation.project, invocation.manifest.project_name) as warehouse:
        state = read_state(warehouse, invocation.project.heap_vars.schema_name, _relations(invocation))
        not_run = invocation.disabled | invocation.broken
        yield Ledger(state, invocation.project.heap_vars, project, invocation.declared, not_run)


def built_columns(
    settings: Settings, project: ProjectFile, project_name: str, relation: Relation
) -> Mapping[str, ValueClass]:
    """A relation's columns and their classes as the warehouse has them; empty where it was never built.

    `project_name` is the manifest's, for where there is no checkout. Raises WarehouseError.
    """
    with _open(settings, project, project_name) as warehouse:
        return read_columns(warehouse, relation)


def _open(settings: Settings, project: ProjectFile, project_name: str) -> Warehouse:
    """The project's warehouse; without a checkout, the project is what the manifest tells of it."""
    return open_warehouse(
        project.raw or {"name": project_name, "version": "1.0", "config-version": 2},
        project_dir=settings.project_dir,
        profiles_dir=settings.profiles_folder,
        profile=settings.profile,
        target=settings.target,
        cli_vars=settings.cli_vars,
        threads=settings.threads,
    )


def _relations(invocation: Invocation) -> tuple[Relation, ...]:
    return tuple({sync.model.relation for sync in invocation.declared if sync.model.relation})
