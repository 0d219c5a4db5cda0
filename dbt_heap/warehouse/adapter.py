"""Open the warehouse through dbt's adapter, with the macros of dbt, the project, called packages and dbt-heap.

dbt's own loader needs a dbt_project.yml on disk, and also reads macros that build models and tests: half of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
from dbt.config.runtime import RuntimeConfig
from dbt.context.providers import generate_runtime_macro_context
from dbt.contracts.files import ParseFileType
from dbt.contracts.graph.manifest import MacroManifest, Manifest
from dbt.contracts.graph.nodes import Macro
from dbt.mp_context import get_mp_context
from dbt.parser.macros import MacroParser
from dbt.parser.read_files import load_source_file
from dbt.parser.search import FileBlock

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.dbt_runtime import Comments, mute_dbt_events
from dbt_heap.warehouse.driver_errors import refusals
from dbt_heap.warehouse.targets import Targets

# Folders of macros in dbt and its adapters that dbt-heap's macros do not use.
_FOR_BUILDING = frozenset({"materializations", "python_model", "generic_test_sql", "unit_test_sql"})
_NAMING = re.compile(r"macro\s+generate_(schema|database|alias)_name\b")


def package_root() -> Path:
    """Return the folder of the dbt package: inside the wheel, or the repository itself."""
    here = Path(__file__).resolve().parent.parent
    return here / "package" if (here / "package").is_dir() else here.parent


def load_macros(config: RuntimeConfig, from_manifest: Iterable[Mapping[str, Any]] = ()) -> MacroManifest:
    """Return all macros that statements and names need, and add their packages to the configuration.

    Args:
        config: dbt's configuration under the active target.
        from_manifest: the naming macros in manifest.json, for a project that is not on disk.
    """
    manifest = Manifest()
    projects = dict(config.load_dependencies(base_only=True))
    for project in projects.values():
        _parse(project, manifest, whole=project.project_name == config.project_name)
    added = dict(_called_packages(config, manifest)) | dict(config.load_projects([package_root()]))
    for project in added.values():
        _parse(project, manifest)
    config.dependencies = projects | added  # dispatch finds packages and the project's overrides there
    for raw in from_manifest:
        macro = _macro(raw)
        manifest.macros.setdefault(macro.unique_id, macro)
    macros = MacroManifest(manifest.macros)
    # `env_var` records there which variables it read, and for which file: https://github.com/dbt-labs/dbt-core
    macros.env_vars, macros.files = {}, {}  # type: ignore[attr-defined]
    return macros


def _parse(project: RuntimeConfig, manifest: Manifest, *, whole: bool = True) -> None:
    """Add a project's macros."""
    parser = MacroParser(project, manifest)
    for path in parser.get_paths():
        if whole or Path(path.relative_path).parts[0] not in _FOR_BUILDING:
            source = load_source_file(path, ParseFileType.Macro, project.project_name, {})
            if source is not None:
                parser.parse_file(FileBlock(source))


def _called_packages(config: RuntimeConfig, manifest: Manifest) -> Iterable[tuple[str, RuntimeConfig]]:
    """Return the installed packages that the project calls, directly or not, or that have naming macros."""
    folder = Path(config.project_root, config.packages_install_path)
    installed = [each.parent for each in sorted(folder.glob("*/dbt_project.yml")) if each.parent.name != "dbt_heap"]
    remaining = {each: _macro_text(each) for each in installed}
    own = [macro.macro_sql for macro in manifest.macros.values() if macro.package_name == config.project_name]
    called = " ".join([*own, str(config.dispatch)])
    found: list[Path] = []
    while due := [each for each, text in remaining.items() if _NAMING.search(text) or _is_named(each, called)]:
        found += due
        called = " ".join(remaining.pop(each) for each in due)
    return config.load_projects(found)


def _is_named(package: Path, text: str) -> bool:
    """Return whether a text contains a package's name, which is the name of its folder."""
    return bool(re.search(rf"\b{re.escape(package.name)}\b", text))


def _macro_text(package: Path) -> str:
    files = sorted((package / "macros").rglob("*.sql"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def _macro(raw: Mapping[str, Any]) -> Macro:
    """Return a macro in manifest.json, whose fields depend on the version of dbt."""
    names = ("name", "package_name", "path", "original_file_path", "unique_id", "macro_sql")
    return Macro.from_dict({**{name: raw.get(name) or "" for name in names}, "resource_type": "macro"})


def open_warehouse(project: DbtProject, naming_macros: Iterable[Mapping[str, Any]] = ()) -> Warehouse:
    """Return the warehouse of the project's target with its macros; the first statement connects.

    Args:
        project: the dbt project and its profile.
        naming_macros: the naming macros in manifest.json, for a project that is not on disk.

    Raises:
        SettingsError: the profile or the target does not exist.
        WarehouseError: the profile or the adapter does not work.
    """
    mute_dbt_events()
    with refusals("its profile"):
        targets = ProfileTargets(project)
        profile = targets.render()
        config = targets.config(profile)
        _close_files_with_connection(config)
        reset_adapters()  # type: ignore[no-untyped-call]  # one process may open several projects
        register_adapter(config, get_mp_context())
    adapter = get_adapter(config)
    with refusals("its macros"):
        macros = load_macros(config, naming_macros)
        adapter.set_macro_resolver(macros)
        adapter.set_macro_context_generator(_context_per_package())
    return Warehouse(
        adapter,
        Comments(adapter, config),
        Targets(targets, macros, config),
        database=config.credentials.database,
        default_schema=config.credentials.schema,
    )


def _close_files_with_connection(config: RuntimeConfig) -> None:
    if hasattr(config.credentials, "keep_open"):
        # dbt-duckdb: close the file with the connection; otherwise readers of the file wait until the sync ends
        config.credentials.keep_open = False


def _context_per_package() -> Callable[..., dict[str, Any]]:
    """Return a function that creates one context per package; dbt creates one per call, which is slow."""
    contexts: dict[str | None, dict[str, Any]] = {}

    def context(macro: Any, config: Any, macros: Any, package: str | None) -> dict[str, Any]:
        if package not in contexts:
            contexts[package] = generate_runtime_macro_context(macro, config, macros, package)
        return contexts[package]

    return context
