"""From flags and files to an open warehouse: dbt's profile, adapter and macros, without parsing the project.

Only the keys of `dbt_project.yml` that macros and connections need are given to dbt, so that a project which only
another dbt can parse still opens.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
from dbt.config.profile import Profile
from dbt.config.project import PartialProject
from dbt.config.renderer import DbtProjectYamlRenderer, ProfileRenderer
from dbt.config.runtime import RuntimeConfig
from dbt.context.providers import generate_runtime_macro_context
from dbt.contracts.files import ParseFileType
from dbt.contracts.graph.manifest import MacroManifest, Manifest
from dbt.flags import set_from_args
from dbt.mp_context import get_mp_context
from dbt.parser.macros import MacroParser
from dbt.parser.read_files import load_source_file
from dbt.parser.search import FileBlock
from dbt_common.context import set_invocation_context

from dbt_heap.warehouse.comments import Comments
from dbt_heap.warehouse.connection import Warehouse
from dbt_heap.warehouse.refusals import refusals
from dbt_heap.warehouse.silence import silence

_PROJECT_KEYS = (
    "name", "version", "config-version", "profile", "vars", "dispatch", "macro-paths",
    "packages-install-path", "quoting", "query-comment",
)  # fmt: skip

# Folders of macros, in dbt and its adapters, that no macro of ours has a use for.
_FOR_BUILDING = frozenset({"materializations", "python_model", "generic_test_sql", "unit_test_sql"})


def package_root() -> Path:
    """The folder of the dbt package: inside the wheel, or the repository itself in a checkout."""
    here = Path(__file__).resolve().parent.parent
    return here / "package" if (here / "package").is_dir() else here.parent


def open_warehouse(
    project: Mapping[str, Any],
    *,
    project_dir: Path,
    profiles_dir: Path,
    profile: str | None = None,
    target: str | None = None,
    cli_vars: Mapping[str, Any] | None = None,
    threads: int | None = None,
) -> Warehouse:
    """The warehouse of a profile's target, its macros loaded; nothing is connected before the first statement.

    `project` is dbt_project.yml as a mapping. Raises WarehouseError where profile or adapter will not do.
    """
    arguments = Namespace(
        project_dir=str(project_dir), profiles_dir=str(profiles_dir), profile=profile, target=target,
        vars=dict(cli_vars or {}), threads=threads, which="run-operation", log_cache_events=False,
        send_anonymous_usage_stats=False,
    )  # fmt: skip
    set_invocation_context(dict(os.environ))
    set_from_args(arguments, None)
    silence()
    with refusals("its profile"):
        config = _config(project, arguments)
        reset_adapters()  # type: ignore[no-untyped-call]  # one process may open several projects
        register_adapter(config, get_mp_context())
    adapter = get_adapter(config)
    with refusals("its macros"):
        _load_macros(config, adapter)
    comments = Comments(adapter, config)
    return Warehouse(adapter, comments, target_name=config.target_name, database=config.credentials.database)


def _config(project: Mapping[str, Any], arguments: Namespace) -> RuntimeConfig:
    """dbt's configuration of this invocation: the needed part of the project, and the one target that is used."""
    renderer = ProfileRenderer(arguments.vars)
    profile = Profile.render(
        renderer,
        renderer.render_value(project.get("profile")),
        arguments.profile,
        arguments.target,
        arguments.threads,
    )
    needed = {key: project[key] for key in _PROJECT_KEYS if key in project}
    partial = PartialProject.from_dicts(arguments.project_dir, needed, {}, {})
    rendered = partial.render(DbtProjectYamlRenderer(profile, arguments.vars))
    config = RuntimeConfig.from_parts(rendered, profile, arguments)
    if hasattr(config.credentials, "keep_open"):
        # dbt-duckdb: let go of the file with the connection, or its readers wait for as long as a sync does
        config.credentials.keep_open = False
    return config


def _load_macros(config: RuntimeConfig, adapter: Any) -> None:
    """Gives the adapter dbt's macros, the project's own (they may override ours) and ours.

    dbt's own loader would do, if it did not ask for a dbt_project.yml on disk, and read what builds models and tests:
    half of all there is to read.
    """
    projects = dict(config.load_dependencies(base_only=True))
    projects.update(config.load_projects([package_root()]))
    manifest = Manifest()
    for project in projects.values():
        parser = MacroParser(project, manifest)
        own = project.project_name in (config.project_name, "dbt_heap")
        for path in parser.get_paths():
            if not own and Path(path.relative_path).parts[0] in _FOR_BUILDING:
                continue
            source = load_source_file(path, ParseFileType.Macro, project.project_name, {})
            if source is not None:
                parser.parse_file(FileBlock(source))
    adapter.set_macro_resolver(MacroManifest(manifest.macros))
    adapter.set_macro_context_generator(generate_runtime_macro_context)
