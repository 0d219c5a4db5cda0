"""dbt's macros and ours, parsed and compiled once a kind of warehouse: else most of the time of a small run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from dbt_common.clients.jinja import template_cache

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.warehouse import adapter


class Macros:
    """What `adapter.load_macros` would load, known already or from the first time on."""

    def __init__(self) -> None:
        self._parsed: dict[str, Any] = {}
        self._packages: dict[str, Any] = {}
        self._load = adapter.load_macros

    def load(self, config: Any, *_: Any) -> Any:
        """In place of `adapter.load_macros`; a project with macros of its own loads all of them."""
        kind = config.credentials.type
        if Path(config.project_root, "macros").is_dir():
            return self._load(config)
        if kind not in self._parsed:
            self._parsed[kind] = self._load(config)
            self._packages[kind] = config.dependencies
        config.dependencies = self._packages[kind]
        return self._parsed[kind]

    def know(self, folder: Path) -> Callable[..., Any]:
        """What loads the macros of the project in `folder` in no time. Nothing is connected."""
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
