"""dbt_project.yml as far as it concerns us: where dbt's things are, and the block `vars: dbt_heap:`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dbt_heap.errors import DeclarationError, SettingsError
from dbt_heap.project.block import HeapVars, read_block
from dbt_heap.project.rendering import rendered
from dbt_heap.reading import Place, found

FILE_NAME = "dbt_project.yml"


@dataclass(frozen=True)
class ProjectFile:
    """dbt_project.yml; all empty where there is none."""

    name: str = ""
    profile: str | None = None
    target_path: str = "target"
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)  # as YAML gave it, for dbt to render
    heap_vars: HeapVars = field(default_factory=HeapVars)


def read_project(project_dir: Path, cli_vars: Mapping[str, Any], environ: Mapping[str, str]) -> ProjectFile:
    """The project in `project_dir`; an empty one where no dbt_project.yml stands.

    `cli_vars` are those of `--vars`, which beat the file's. Raises SettingsError where the file is no YAML,
    DeclarationError where the block `vars: dbt_heap:` must change.
    """
    raw = _load(project_dir / FILE_NAME)
    name = raw.get("name") if isinstance(raw.get("name"), str) else ""
    profile = raw.get("profile")
    target_path, mistakes = rendered(
        raw.get("target-path"), Place(name or FILE_NAME, FILE_NAME, "target-path"), environ
    )
    block, place = _block(raw, name or "", cli_vars)
    heap_vars, more = read_block(block, place, environ)
    if mistakes or more:
        raise DeclarationError([*mistakes, *more])
    return ProjectFile(
        name=name or "",
        profile=profile if isinstance(profile, str) else None,
        target_path=target_path if isinstance(target_path, str) and target_path else "target",
        raw=raw,
        heap_vars=heap_vars,
    )


def _load(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as refusal:
        raise SettingsError(f"{path} cannot be read: {refusal.strerror}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as refusal:  # ValueError: such as a date 2026-13-01
        mark = getattr(refusal, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(f"{path} is no YAML{where}; `dbt parse` says more") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path} holds {found(content)} instead of a dbt project")
    return content


def _block(raw: Mapping[str, Any], name: str, cli_vars: Mapping[str, Any]) -> tuple[Any, Place]:
    """The block and where it stands: as with dbt, one given later replaces one before as a whole."""
    variables = raw.get("vars")
    in_file = variables if isinstance(variables, dict) else {}
    own = in_file.get(name)
    if "dbt_heap" in cli_vars:
        return cli_vars["dbt_heap"], Place(name or FILE_NAME, "--vars", "dbt_heap")
    if isinstance(own, dict) and "dbt_heap" in own:
        return own["dbt_heap"], Place(name, FILE_NAME, f"vars.{name}.dbt_heap")
    return in_file.get("dbt_heap", {}), Place(name or FILE_NAME, FILE_NAME, "vars.dbt_heap")
