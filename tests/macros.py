"""dbt's macros and ours, parsed and compiled once a kind of warehouse: else most of the time of a small run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from dbt.context.providers import generate_runtime_macro_context
from dbt_common.clients.jinja import template_cache

from dbt_heap.warehouse import opening


class Macros:
    """What `opening._load_macros` would load, known already or from the first time on."""

    def __init__(self) -> None:
        self._parsed: dict[str, Any] = {}
        self._load = opening._load_macros

    def load(self, config: Any, adapter: Any) -> None:
        """In place of `opening._load_macros`, for projects without macros of their own."""
        if known := self._parsed.get(adapter.type()):
            _give(adapter, known)
        else:
            self._load(config, adapter)
            self._parsed[adapter.type()] = adapter._macro_resolver

    def know(self, folder: Path) -> Callable[[Any, Any], None]:
        """What loads the macros of the project in `folder` in no time. Nothing is connected."""
        files = (folder / name for name in ("dbt_project.yml", "profiles.yml"))
        project, profiles = (yaml.safe_load(file.read_text()) for file in files)
        kind = profiles[project["profile"]]["outputs"]["dev"]["type"]
        if kind not in self._parsed:
            opened = opening.open_warehouse(project, project_dir=folder, profiles_dir=folder)
            self._parsed[kind] = opened._adapter._macro_resolver
            for macro in self._parsed[kind].macros.values():
                if macro.package_name == "dbt_heap" or "/utils/" in macro.path:
                    template_cache.get_node_template(macro)
        return lambda _, adapter: _give(adapter, self._parsed[kind])


def _give(adapter: Any, macros: Any) -> None:
    contexts: dict[str, Any] = {}

    def context(*arguments: Any) -> Any:
        if not contexts:
            contexts.update(generate_runtime_macro_context(*arguments))
        return contexts

    adapter.set_macro_resolver(macros)
    adapter.set_macro_context_generator(context)
