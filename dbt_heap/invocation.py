"""What every command begins with: flags and files read, syncs declared and selected, the warehouse opened if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dbt_heap.declarations import check_columns, declare
from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import DeclarationError, Mistake
from dbt_heap.ledger.ledger import Ledger
from dbt_heap.manifest import Manifest, read_manifest
from dbt_heap.project import ProjectFile, read_project
from dbt_heap.settings import Settings
from dbt_heap.warehouse import Warehouse, open_warehouse


@dataclass(frozen=True)
class Invocation:
    """One call of dbt-heap on one project."""

    settings: Settings
    project: ProjectFile
    manifest: Manifest
    declared: tuple[Sync, ...]
    selected: tuple[Sync, ...]
    warnings: tuple[str, ...]
