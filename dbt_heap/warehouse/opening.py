"""From a project to an open warehouse: dbt's profile, adapter and macros, without parsing the project."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
from dbt.config.runtime import RuntimeConfig
from dbt.context.providers import generate_runtime_macro_context
from dbt.mp_context import get_mp_context

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.warehouse.comments import Comments
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.macros import load_macros
from dbt_heap.warehouse.refusals import refusals
from dbt_heap.warehouse.silence import silence
from dbt_heap.warehouse.targets import Targets


def open_warehouse(project: DbtProject, naming_macros: Iterable[Mapping[str, Any]] = ()) -> Warehouse:
    """Return the warehouse of the project's target, its macros loaded; the first statement connects.

    `naming_macros` are those of a manifest, for a project that is not on disk. Raises SettingsError if the profile or
    the target does not exist, WarehouseError if the profile or the adapter does not work.
    """
    silence()
    with refusals("its profile"):
        targets = ProfileTargets(project)
        profile = targets.render()
        config = targets.config(profile)
        _let_go_of_files(config)
        reset_adapters()  # type: ignore[no-untyped-call]  # one process may open several projects
        register_adapter(config, get_mp_context())
    adapter = get_adapter(config)
    with refusals("its macros"):
        macros = load_macros(config, naming_macros)
        adapter.set_macro_resolver(macros)
        adapter.set_macro_context_generator(_one_context())
    return Warehouse(
        adapter,
        Comments(adapter, config),
        Targets(targets, macros, config),
        database=config.credentials.database,
        default_schema=config.credentials.schema,
    )


def _let_go_of_files(config: RuntimeConfig) -> None:
    if hasattr(config.credentials, "keep_open"):
        # dbt-duckdb: let go of the file with the connection, or its readers wait for as long as a sync does
        config.credentials.keep_open = False


def _one_context() -> Callable[..., dict[str, Any]]:
    """Return a maker of contexts, one per package: dbt makes one per call, which takes longer than the call."""
    made: dict[str | None, dict[str, Any]] = {}

    def context(macro: Any, config: Any, macros: Any, package: str | None) -> dict[str, Any]:
        if package not in made:
            made[package] = generate_runtime_macro_context(macro, config, macros, package)
        return made[package]

    return context
