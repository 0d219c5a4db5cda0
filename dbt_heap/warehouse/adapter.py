"""The macros of an adapter: dbt's, the project's own, those of installed packages that these call, and ours.

dbt's own loader would also work, but it needs a dbt_project.yml on disk, and reads what builds models and tests: half
of all there is to read.
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

# Folders of macros, in dbt and its adapters, that no macro of ours uses.
_FOR_BUILDING = frozenset({"materializations", "python_model", "generic_test_sql", "unit_test_sql"})
_NAMING = re.compile(r"macro\s+generate_(schema|database|alias)_name\b")


def package_root() -> Path:
    """Return the folder of the dbt package: inside the wheel, or the repository itself in a checkout."""
    here = Path(__file__).resolve().parent.parent
    return here / "package" if (here / "package").is_dir() else here.parent


def load_macros(config: RuntimeConfig, from_manifest: Iterable[Mapping[str, Any]] = ()) -> MacroManifest:
    """Return all macros that statements and names need, and have the configuration know the packages that they are of.

    `from_manifest` are the naming macros of a project that is not on disk, as manifest.json has them.
    """
    manifest = Manifest()
    projects = dict(config.load_dependencies(base_only=True))
    for project in projects.values():
        _parse(project, manifest, whole=project.project_name == config.project_name)
    added = dict(_called_packages(config, manifest)) | dict(config.load_projects([package_root()]))
    for project in added.values():
        _parse(project, manifest)
    config.dependencies = projects | added  # by which dispatch finds a package, and the project's overrides of it
    for raw in from_manifest:
        macro = _macro(raw)
        manifest.macros.setdefault(macro.unique_id, macro)
    macros = MacroManifest(manifest.macros)
    # dbt notes there which variables `env_var` has read, and in which file: https://github.com/dbt-labs/dbt-core
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
    """The installed packages that the project's macros name, those that these name, and any that name relations."""
    folder = Path(config.project_root, config.packages_install_path)
    installed = [each.parent for each in sorted(folder.glob("*/dbt_project.yml")) if each.parent.name != "dbt_heap"]
    waiting = {each: _macro_text(each) for each in installed}
    own = [macro.macro_sql for macro in manifest.macros.values() if macro.package_name == config.project_name]
    called = " ".join([*own, str(config.dispatch)])
    found: list[Path] = []
    while due := [each for each, text in waiting.items() if _NAMING.search(text) or _is_named(each, called)]:
        found += due
        called = " ".join(waiting.pop(each) for each in due)
    return config.load_projects(found)


def _is_named(package: Path, text: str) -> bool:
    """Whether a text contains a package's name. Its folder has that name: dbt makes it so."""
    return bool(re.search(rf"\b{re.escape(package.name)}\b", text))


def _macro_text(package: Path) -> str:
    files = sorted((package / "macros").rglob("*.sql"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def _macro(raw: Mapping[str, Any]) -> Macro:
    """A macro of manifest.json, which any dbt may have written."""
    names = ("name", "package_name", "path", "original_file_path", "unique_id", "macro_sql")
    return Macro.from_dict({**{name: raw.get(name) or "" for name in names}, "resource_type": "macro"})


def open_warehouse(project: DbtProject, naming_macros: Iterable[Mapping[str, Any]] = ()) -> Warehouse:
    """Return the warehouse of the project's target, its macros loaded; the first statement connects.

    `naming_macros` are those of a manifest, for a project that is not on disk. Raises SettingsError if the profile or
    the target does not exist, WarehouseError if the profile or the adapter does not work.
    """
    mute_dbt_events()
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
