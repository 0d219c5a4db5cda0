"""Read settings and files, and declare and select syncs, without the warehouse. Every command starts with this."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from dbt_heap.errors import Messages, SettingsError
from dbt_heap.project.dbt_project import ProjectFile, read_project
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.nodes import Manifest
from dbt_heap.project.run_results import FILE_NAME as RUN_RESULTS
from dbt_heap.project.run_results import Gates, read_gates
from dbt_heap.project.settings import Destination, Settings, destination
from dbt_heap.project.source_files import Checkout, located
from dbt_heap.project.unread_declarations import dropped_by_dbt2
from dbt_heap.project.validation import quoted
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.sync import Declarations, Mistaken, Sync, mistakes_of

# Slow to import: dbt takes more than a second. `ls` and `--help` need none of these.
_SELECTION = "dbt_heap.project.selection"
_PROFILE = "dbt_heap.project.profile"
_JOB_RUNS = "dbt_heap.cloud.job_runs"


def _load(module: str) -> Any:
    return import_module(module)


def _ignore(target: str) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Invocation:
    """One call of dbt-heap on one project."""

    settings: Settings
    project: ProjectFile
    manifest: Manifest
    declared: tuple[Sync, ...]
    disabled: frozenset[str]  # names of disabled syncs
    selected: tuple[Sync, ...]
    warnings: tuple[str, ...]  # about the project; `messages` has these and all others
    manifest_path: Path
    messages: Messages
    mistaken: tuple[Mistaken, ...] = ()  # selected syncs that cannot run, because their declarations have mistakes
    broken: frozenset[str] = frozenset()  # names of all such syncs, selected or not: a model declares them
    opened: Callable[[str], None] = _ignore  # called with the target, once it is known and before anything is read

    def must_be_correct(self) -> None:
        """Raise DeclarationError with all mistakes of the selected declarations, if there are any."""
        if self.mistaken:
            raise mistakes_of(self.mistaken)

    @cached_property
    def gates(self) -> Gates:
        """Return what dbt's last command says about the models. Read on demand: only some commands need it."""
        results = self.manifest_path.parent / RUN_RESULTS
        selected = [each.model for each in self.selected]
        return read_gates(results, self.manifest, selected, needed=self.settings.dbt_cloud)

    @cached_property
    def target_path(self) -> Path:
        """Return the folder of dbt's artifacts and ours. Raises SettingsError if the target-path cannot be rendered."""
        return target_path(self.settings, self.project)

    def destination(self, sync: Sync, target: str) -> Destination:
        """Return where a sync's rows go for a dbt target. Raises SettingsError if no Environment ID is set."""
        return self.destination_of(sync.environment, target)

    def destination_of(self, environment: str | None, target: str) -> Destination:
        """Return where the rows of one of the project's environments go. Raises SettingsError."""
        return destination(self.settings, self.project.heap_vars, environment, target)

    def known_destination(self, sync: Sync, target: str) -> Destination | None:
        """Return where a sync's rows go for a dbt target; None if no Environment ID is set."""
        try:
            return self.destination(sync, target)
        except SettingsError:
            return None

    def known_label(self, sync: Sync, target: str) -> str:
        """Return the label of where a sync's rows go; empty if no Environment ID is set."""
        known = self.known_destination(sync, target)
        return known.label if known else ""

    def heap_environments(self, target: str) -> str:
        """Return the Heap environments of the selected syncs for a dbt target, in words."""
        known = (self.known_destination(sync, target) for sync in self.selected)
        app_ids = sorted({each.app_id for each in known if each})
        if not app_ids:
            return "no Heap environment"
        return f"Heap environment{'s' if len(app_ids) > 1 else ''} {', '.join(app_ids)}"

    def labels(self, target: str) -> Mapping[str, str]:
        """Return the labels of the selected syncs' destinations for a dbt target. Raises SettingsError."""
        return {sync.name: self.destination(sync, target).label for sync in self.selected}


def invoke(settings: Settings) -> Invocation:
    """Read project and manifest, and declare and select syncs. Mistakes in `meta.heap` are in the result.

    Raises SettingsError (also for warnings with --warn-error), CloudError, ManifestError; DeclarationError for
    `vars: dbt_heap:`.
    """
    project, path, notes = sources(settings)
    manifest = read_manifest(path, project.name)
    name = project.name or manifest.project_name
    whole = bool(project.raw) and not settings.from_elsewhere
    checkout = Checkout(settings.project_dir, name, project.raw, whole=whole)
    declarations = declare(located(manifest.models, checkout), project.heap_vars)
    selection = _selection(settings, project, manifest, path)
    _must_not_name_syncs(selection, declarations, manifest)
    chosen = declarations.of_models(selection.unique_ids) if selection else declarations
    chosen = chosen.named(settings.syncs) if settings.syncs else chosen
    warnings = (
        *manifest.warnings,
        *(dropped_by_dbt2(settings.project_dir, manifest) if project.name == manifest.project_name else ()),
        *_missing_block(settings, project),
        *chosen.warnings,
        *(selection.warnings if selection else ()),
    )
    messages = Messages(warn_error=settings.warn_error)
    messages.add(warnings, (*notes, *(selection.notes if selection else ())))
    return Invocation(
        settings, project, manifest, declarations.syncs, declarations.disabled, chosen.syncs, warnings, path, messages,
        chosen.mistaken, frozenset(each.name for each in declarations.mistaken),
    )  # fmt: skip


def _must_not_name_syncs(selection: Any, declarations: Declarations, manifest: Manifest) -> None:
    """Raise SettingsError if --select or --exclude names a sync instead of a model: dbt would only warn."""
    models = {part for unique_id in manifest.unique_ids for part in unique_id.split(".")[2:]}
    names = {each.name for each in declarations.syncs} | {each.name for each in declarations.mistaken}
    for name in selection.unmatched_names() if selection else ():
        if name in names - models:
            raise SettingsError(
                f"{quoted(name)} is a sync, but --select and --exclude select models: use --sync {name}, "
                "or the name of its model"
            )


def _missing_block(settings: Settings, project: ProjectFile) -> Iterator[str]:
    """Yield a warning if an environment variable sets where rows go, but the project has no `vars: dbt_heap:`."""
    if not project.heap_vars_place and any(name.startswith("HEAP_APP_ID") for name in settings.environ):
        has_file = "" if project.raw else ", which has no dbt_project.yml"
        yield (
            f"the project in {settings.project_dir}{has_file} defines no `vars: dbt_heap:`, nor does --vars, so "
            "rules such as never_send do not apply. If you need no rules, define it as `dbt_heap: {}`"
        )


def sources(settings: Settings) -> tuple[ProjectFile, Path, tuple[str, ...]]:
    """Return the project, the path of its manifest, and notes about it.

    Raises SettingsError, CloudError; DeclarationError for `vars: dbt_heap:`.
    """
    project = read_project(settings.project_dir, settings.cli_vars, settings.environ)
    if not settings.dbt_cloud:
        return project, settings.manifest or target_path(settings, project) / "manifest.json", ()
    found = _load(_JOB_RUNS).download(settings, target_path(settings, project))
    return project, found.manifest, (found.note,)


def target_path(settings: Settings, project: ProjectFile) -> Path:
    """Return the folder of dbt's artifacts; a relative path starts at the project, as in dbt.

    Raises SettingsError if the Jinja in the project's target-path cannot be rendered.
    """
    if settings.target_path:
        return settings.project_dir / settings.target_path
    written = project.target_path
    if "{{" in written or "{%" in written:
        written = _load(_PROFILE).rendered_target_path(settings.dbt_project(project), written)
    return settings.project_dir / written


def _selection(settings: Settings, project: ProjectFile, manifest: Manifest, path: Path) -> Any:
    """Return the `Selection` that dbt would make; None if that is everything."""
    if not settings.selecting and (settings.syncs or not _may_have_default(settings, project, manifest)):
        return None
    return _load(_SELECTION).select(settings, path, project)


def _may_have_default(settings: Settings, project: ProjectFile, manifest: Manifest) -> bool:
    """Return whether the project may have a default selector; dbt's own code decides."""
    if manifest.has_default_selector or not project.raw:
        return manifest.has_default_selector
    try:
        return b"default" in (settings.project_dir / "selectors.yml").read_bytes()
    except FileNotFoundError:
        return False
    except OSError:  # reported when the file is read
        return True
