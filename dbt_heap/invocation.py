"""What every command begins with: flags and files read, syncs declared and selected. No warehouse is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path

from dbt_heap.declarations import declare
from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import SettingsError
from dbt_heap.gates import FILE_NAME as RUN_RESULTS
from dbt_heap.gates import Gates, read_gates
from dbt_heap.manifest import Manifest, read_manifest
from dbt_heap.project import ProjectFile, read_project
from dbt_heap.settings import Destination, Settings, destination


@dataclass(frozen=True)
class Invocation:
    """One call of dbt-heap on one project."""

    settings: Settings
    project: ProjectFile
    manifest: Manifest
    declared: tuple[Sync, ...]
    disabled: frozenset[str]  # names of syncs that are switched off
    selected: tuple[Sync, ...]
    warnings: tuple[str, ...]
    manifest_path: Path

    @cached_property
    def gates(self) -> Gates:
        """What dbt's last command tells of the models, read when it is first asked for: only what sends needs it.

        Raises SettingsError where there is something to warn of, with --warn-error.
        """
        found = read_gates(self.manifest_path.parent / RUN_RESULTS, self.manifest)
        bear(found.warnings, self.settings)
        return found

    @property
    def target_path(self) -> Path:
        """Where dbt's artifacts are, and ours go."""
        return target_path(self.settings, self.project)

    def destination(self, sync: Sync, target: str) -> Destination:
        """Where a sync's rows go under a dbt target. Raises SettingsError where no app id is known."""
        return self.destination_of(sync.environment, target)

    def destination_of(self, environment: str | None, target: str) -> Destination:
        """Where rows of one of the project's environments go. Raises SettingsError."""
        return destination(self.settings, self.project.heap_vars, environment, target)

    def known_destination(self, sync: Sync, target: str) -> tuple[str, str]:
        """App id and label of where a sync's rows would go; both empty where no app id is known."""
        try:
            where = self.destination(sync, target)
        except SettingsError:
            return "", ""
        return where.app_id, where.label

    def labels(self, target: str) -> Mapping[str, str]:
        """The selected syncs with the labels of their destinations under a dbt target. Raises SettingsError."""
        return {sync.name: self.destination(sync, target).label for sync in self.selected}


def invoke(settings: Settings) -> Invocation:
    """Reads project and manifest, declares and selects.

    Raises SettingsError, ManifestError, DeclarationError; with --warn-error also for what is else only warned of.
    """
    project, path = project_and_manifest(settings)
    manifest = read_manifest(path)
    declarations = declare(manifest.models, project.heap_vars)
    warnings = (*manifest.warnings, *declarations.warnings)
    bear(warnings, settings)
    selected = _selected(settings, path, declarations.syncs)
    return Invocation(settings, project, manifest, declarations.syncs, declarations.disabled, selected, warnings, path)


def project_and_manifest(settings: Settings) -> tuple[ProjectFile, Path]:
    """The project, and where its manifest is. Raises SettingsError, DeclarationError of `vars: dbt_heap:`."""
    project = read_project(settings.project_dir, settings.cli_vars, settings.environ)
    return project, settings.manifest or target_path(settings, project) / "manifest.json"


def bear(warnings: Sequence[str], settings: Settings) -> None:
    """Raises SettingsError where warnings are errors and there are some."""
    if settings.warn_error and warnings:
        raise SettingsError("with --warn-error a warning is an error:\n" + "\n".join(f"  {each}" for each in warnings))


def target_path(settings: Settings, project: ProjectFile) -> Path:
    """The folder of dbt's artifacts; a relative one is the project's, as in dbt."""
    return settings.project_dir / (settings.target_path or project.target_path)


def _selected(settings: Settings, manifest_path: Path, declared: tuple[Sync, ...]) -> tuple[Sync, ...]:
    if not settings.selecting:
        return declared
    selection = import_module("dbt_heap.selection")  # loads dbt, which most calls can do without
    chosen: frozenset[str] = selection.select(
        manifest_path,
        include=settings.select,
        exclude=settings.exclude,
        selector=settings.selector,
        state=settings.state,
        project_dir=settings.project_dir,
    )
    return tuple(sync for sync in declared if sync.model.unique_id in chosen)
