"""From an invocation to the ledger in its warehouse. Imported only where a warehouse is needed: it loads dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from dbt_heap.errors import SettingsError
from dbt_heap.invocation import Invocation
from dbt_heap.ledger.ledger import Ledger
from dbt_heap.ledger.state import read_state
from dbt_heap.manifest import Relation
from dbt_heap.warehouse import open_warehouse


@contextmanager
def open_ledger(invocation: Invocation) -> Iterator[Ledger]:
    """The ledger in the project's warehouse, which is let go of at the end. Raises WarehouseError, StateError."""
    settings = invocation.settings
    with open_warehouse(
        _as_project(invocation),
        project_dir=settings.project_dir,
        profiles_dir=settings.profiles_folder,
        profile=settings.profile,
        target=settings.target,
        cli_vars=settings.cli_vars,
        threads=settings.threads,
    ) as warehouse:
        project = invocation.project.name or invocation.manifest.project_name
        state = read_state(warehouse, invocation.project.heap_vars.schema_name, _relations(invocation))
        yield Ledger(state, invocation.project.heap_vars, project, invocation.declared, invocation.disabled)


def vanished(invocation: Invocation, ledger: Ledger) -> tuple[str, ...]:
    """What there is to warn of where dbt 2 wrote the manifest: a sync that has state, and is not declared any more."""
    if not invocation.manifest.fused_v2:
        return ()
    names: set[str] = set()
    for environment in invocation.project.heap_vars.environment_names:
        with suppress(SettingsError):  # no app id is known, so that nothing can have been sent there
            names.update(ledger.undeclared(invocation.destination_of(environment, ledger.target).label))
    return tuple(
        f"{name} was synced before, and the manifest declares it no more. dbt 2 drops a `meta` that does not stand "
        f"under `config:`. If it is gone for good: dbt-heap state reset {name}"
        for name in sorted(names)
    )


def _relations(invocation: Invocation) -> tuple[Relation, ...]:
    return tuple({sync.model.relation for sync in invocation.declared if sync.model.relation})


def _as_project(invocation: Invocation) -> Mapping[str, Any]:
    """dbt_project.yml as a mapping; without a checkout, what the manifest tells of it."""
    found = invocation.project.raw
    return found or {"name": invocation.manifest.project_name, "version": "1.0", "config-version": 2}
