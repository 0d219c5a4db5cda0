"""Selections that bear a name: those of selectors.yml, or without a checkout those that dbt wrote into the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dbt.config.selectors import selector_config_from_data, selector_data_from_root
from dbt.graph.selector_spec import SelectionSpec
from dbt_common.exceptions import DbtBaseException

from dbt_heap.errors import SettingsError
from dbt_heap.manifest import is_of_dbt_2
from dbt_heap.manifest.artifacts import mapping
from dbt_heap.project import ProjectFile
from dbt_heap.project.profile import ProfileTargets
from dbt_heap.settings import Settings

FILE_NAME = "selectors.yml"


@dataclass(frozen=True)
class Selectors:
    """What dbt made of them, by name."""

    named: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    where: str = FILE_NAME  # they stand

    @property
    def default(self) -> str | None:
        """The one that dbt takes where nothing else is asked for."""
        return next((name for name, each in self.named.items() if each["default"] is True), None)

    def definition(self, name: str) -> SelectionSpec:
        """What a selector selects. Raises SettingsError where there is none of this name."""
        if name not in self.named:
            known = ", ".join(sorted(self.named)) or "none"
            raise SettingsError(f"--selector {name}: {self.where} has no such selector; it has: {known}")
        found: SelectionSpec = self.named[name]["definition"]
        return found


def read_selectors(settings: Settings, project: ProjectFile, manifest: Mapping[str, Any]) -> Selectors:
    """Those of the project.

    Raises SettingsError where their file cannot be read or needs a profile that will not do, and dbt's own errors.
    """
    if project.raw and _are_beside(settings, manifest):
        return Selectors(selector_config_from_data(_of_file(settings, project)))
    if is_of_dbt_2(manifest):
        # It leaves out what stands behind the method's dot, and which is the default (tried with 2.0.0-alpha.4).
        return Selectors(where="without a checkout, a manifest of dbt 2")
    written = list(mapping(manifest, "selectors").values())
    return Selectors(selector_config_from_data({"selectors": written}), "the manifest")


def _are_beside(settings: Settings, manifest: Mapping[str, Any]) -> bool:
    """Whether the project's file counts; with a manifest from elsewhere only where that does not hold them."""
    return not settings.from_elsewhere or (is_of_dbt_2(manifest) and (settings.project_dir / FILE_NAME).exists())


def _of_file(settings: Settings, project: ProjectFile) -> dict[str, Any]:
    """The file's content with its Jinja rendered as dbt does, with the profile's target."""
    try:
        data: dict[str, Any] = selector_data_from_root(str(settings.project_dir)) or {}
    except OSError as refusal:
        raise SettingsError(f"{settings.project_dir / FILE_NAME} cannot be read: {refusal.strerror}") from None
    if "{{" not in str(data) and "{%" not in str(data):
        return data
    try:
        targets = ProfileTargets(settings.dbt_project(project))
        renderer = targets.project_renderer(targets.render())
    except DbtBaseException as refusal:  # whose text may show what the profile holds
        raise SettingsError(
            f"selectors.yml has Jinja, which needs your profile, and that will not do ({type(refusal).__name__}): "
            "`dbt-heap debug` says why"
        ) from None
    rendered: dict[str, Any] = renderer.render_selectors(data)
    return rendered
