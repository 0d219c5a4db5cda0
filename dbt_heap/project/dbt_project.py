"""Read what dbt-heap needs of dbt_project.yml: the profile, the target path and the vars.

dbt reads `vars:` of dbt_project.yml or, since 1.12, of `vars.yml` next to it, never both; `--vars` overrides them:
https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/config/project.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_heap.errors import DeclarationError, Mistake
from dbt_heap.project.files import Keys, YamlFile, read_yaml
from dbt_heap.project.heap_vars import HeapVars, read_block
from dbt_heap.project.validation import Place, describe

FILE_NAME = "dbt_project.yml"
VARS_FILE_NAME = "vars.yml"
BLOCK = "dbt_heap"


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


@dataclass(frozen=True)
class ProjectVars:
    """The vars of a project's files."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file: str = FILE_NAME  # the file that they are from


def read_vars(project_dir: Path, project: YamlFile, name: str) -> tuple[ProjectVars, list[Mistake]]:
    """Return the vars of the project's files, and what is wrong with how they are given.

    Raises SettingsError if vars.yml is not a YAML mapping.
    """
    own = read_yaml(project_dir / VARS_FILE_NAME, "a mapping with the key `vars`", empty_is_missing=True)
    given = own.content.get("vars")
    if not given:
        values = project.content.get("vars")
        found_vars = ProjectVars(values if isinstance(values, dict) else {})
        return found_vars, list(_repeated(project, FILE_NAME, name))
    place = Place(name, VARS_FILE_NAME, "vars")
    if not isinstance(given, dict):
        return ProjectVars(), [place.mistake(f"must be a mapping of names to values, not {describe(given)}")]
    mistakes = list(_repeated(own, VARS_FILE_NAME, name))
    if project.content.get("vars"):
        mistakes.append(place.mistake(f"{FILE_NAME} defines `vars` too, which dbt refuses: keep them in one file"))
    return ProjectVars(given, VARS_FILE_NAME), mistakes


def _repeated(file: YamlFile, file_name: str, name: str) -> Iterator[Mistake]:
    """Yield a mistake for each repeated key on the path to the block, or inside it."""
    blocks: tuple[Keys, ...] = (("vars", BLOCK), ("vars", name, BLOCK))
    for path in file.repeated:
        if any(path == block[: len(path)] or path[: len(block)] == block for block in blocks):
            yield Place(name, file_name, ".".join(path)).mistake(
                "is defined twice; YAML keeps the second and drops the first: merge them into one"
            )


def find_block(
    variables: ProjectVars, name: str, cli_vars: Mapping[str, Any]
) -> tuple[Any, Place | None, list[Mistake]]:
    """Return the block, its place (None if there is none), and mistakes in where it is.

    As with every dbt var, one in `--vars` replaces that of the files as a whole.
    """
    if BLOCK in cli_vars:
        return cli_vars[BLOCK], Place(name, "--vars", BLOCK), []
    own = variables.values.get(name)
    beside = Place(name, variables.file, f"vars.{BLOCK}")
    inside = Place(name, variables.file, f"vars.{name}.{BLOCK}")
    if not isinstance(own, dict) or BLOCK not in own:
        return (variables.values[BLOCK], beside, []) if BLOCK in variables.values else ({}, None, [])
    twice = f"is defined twice, here and at `{beside.key}`: merge them into one"
    return own[BLOCK], inside, [inside.mistake(twice)] if BLOCK in variables.values else []
