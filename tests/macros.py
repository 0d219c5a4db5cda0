"""Parse and compile dbt's macros and ours once per warehouse type: in a small run, this takes most of the time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from dbt_common.clients.jinja import template_cache

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.warehouse import adapter


class Macros:
    """The macros that `adapter.load_macros` loads, cached by warehouse type."""

    def __init__(self) -> None:
        self._parsed: dict[str, Any] = {}
        self._packages: dict[str, Any] = {}
        self._load = adapter.load_macros

    def load(self, config: Any, *_: Any) -> Any:
        """Replace `adapter.load_macros`. Macros of a project that has its own are not cached."""
        kind = config.credentials.type
        if Path(config.project_root, "macros").is_dir():
            return self._load(config)
        if kind not in self._parsed:
            self._parsed[kind] = self._load(config)
            self._packages[kind] = config.dependencies
        config.dependencies = self._packages[kind]
        return self._parsed[kind]

    def preload(self, folder: Path) -> Callable[..., Any]:
        """Cache the macros for the project in `folder`, without connecting, and return `load`."""
        files = (folder / name for name in ("dbt_project.yml", "profiles.yml"))
        project, profiles = (yaml.safe_load(file.read_text()) for file in files)
        kind = profiles[project["profile"]]["outputs"]["dev"]["type"]
        if kind not in self._parsed:
            opened = adapter.open_warehouse(DbtProject(project, project_dir=folder, profiles_dir=folder))
            self._parsed[kind] = opened._adapter._macro_resolver
            self._packages[kind] = opened._adapter.config.dependencies
            for macro in self._parsed[kind].macros.values():
                if macro.package_name == "dbt_heap" or "/utils/" in macro.path:
                    template_cache.get_node_template(macro)
        return self.load
