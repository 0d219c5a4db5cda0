"""Read what dbt-heap needs of dbt_project.yml: the profile, the target path and the vars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_heap.errors import DeclarationError
from dbt_heap.project.files import read_yaml
from dbt_heap.project.heap_vars import HeapVars, read_block
from dbt_heap.project.variables import FILE_NAME, VARS_FILE_NAME, find_block, read_vars


@dataclass(frozen=True)
class DbtProject:
    """A dbt project and the flags for dbt; None means not set."""

    raw: Mapping[str, Any] = field(repr=False)  # dbt_project.yml as written, with the vars of vars.yml
    project_dir: Path
    profiles_dir: Path
    profile: str | None = None
    target: str | None = None
    cli_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)
    jinja_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)  # of vars.yml, for dbt_project.yml itself
    threads: int | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ProjectFile:
    """dbt_project.yml; empty if there is none."""

    name: str = ""
    profile: str | None = None  # as written: dbt renders its Jinja
    target_path: str = "target"  # as written: dbt renders its Jinja
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)  # as written, with the vars of vars.yml
    vars_file: str = FILE_NAME  # the file of the project's vars
    heap_vars: HeapVars = field(default_factory=HeapVars)
    heap_vars_place: str = ""  # such as `vars.yml: vars.dbt_heap`; empty if there is no block

    @property
    def jinja_vars(self) -> Mapping[str, Any]:
        """Return the vars that Jinja in dbt_project.yml can use: dbt allows those of vars.yml, not its own."""
        return self.raw["vars"] if self.vars_file == VARS_FILE_NAME else {}


def read_project(project_dir: Path, cli_vars: Mapping[str, Any], environ: Mapping[str, str]) -> ProjectFile:
    """Return the project in `project_dir`; an empty one if there is no dbt_project.yml.

    `cli_vars` are those of `--vars`. Raises SettingsError if a file is not YAML, DeclarationError with all
    mistakes in the block `dbt_heap`.
    """
    file = read_yaml(project_dir / FILE_NAME, "a dbt project")
    name = file.content.get("name")
    name = name if isinstance(name, str) else ""
    variables, mistakes = read_vars(project_dir, file, name or FILE_NAME)
    block, place, wrong = find_block(variables, name or FILE_NAME, cli_vars)
    mistakes += wrong
    heap_vars = HeapVars()
    if place:
        heap_vars, wrong = read_block(block, place, environ)
        mistakes += wrong
    if mistakes:
        raise DeclarationError(mistakes)
    profile, target_path = file.content.get("profile"), file.content.get("target-path")
    from_vars_file = variables.file == VARS_FILE_NAME
    return ProjectFile(
        name=name,
        profile=profile if isinstance(profile, str) else None,
        target_path=target_path if isinstance(target_path, str) and target_path else "target",
        raw={**file.content, "vars": variables.values} if from_vars_file else file.content,
        vars_file=variables.file,
        heap_vars=heap_vars,
        heap_vars_place=f"{place.file}: {place.key}" if place else "",
    )
