"""Read the project's vars from all places where dbt reads them, and find the block `dbt_heap`.

dbt reads `vars:` of dbt_project.yml or, since 1.12, `vars.yml` beside it, never both; `--vars` goes on top:
https://github.com/dbt-labs/dbt-core/blob/main/core/dbt/config/project.py
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbt_heap.errors import Mistake
from dbt_heap.project.files import Keys, YamlFile, read_yaml
from dbt_heap.project.validation import Place, describe

FILE_NAME = "dbt_project.yml"
VARS_FILE_NAME = "vars.yml"
BLOCK = "dbt_heap"


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
