"""What dbt is told when dbt-heap uses it as a library: the project, its profile, and the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class DbtProject:
    """A dbt project and the flags that dbt would be called with; None means not given."""

    raw: Mapping[str, Any] = field(repr=False)  # dbt_project.yml as written, with the vars of vars.yml
    project_dir: Path
    profiles_dir: Path
    profile: str | None = None
    target: str | None = None
    cli_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)
    jinja_vars: Mapping[str, Any] = field(default_factory=dict, repr=False)  # of vars.yml, for dbt_project.yml itself
    threads: int | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
