"""Packages that `dbt deps` installed in a checkout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt_heap.errors import SettingsError
from dbt_heap.project.variables import FILE_NAME
from dbt_heap.project.yaml_file import read_yaml

_FOLDER = "dbt_packages"


def package_folder(package: str, raw_project: Mapping[str, Any]) -> Path:
    """Return the folder of an installed package, relative to the project, whether it is there or not.

    https://docs.getdbt.com/reference/project-configs/packages-install-path
    """
    said = raw_project.get("packages-install-path")
    return Path(said if isinstance(said, str) and "{{" not in said else _FOLDER, package)


def restricts_access(project_dir: Path, raw_project: Mapping[str, Any], package: str) -> bool:
    """Return whether an installed package lets no other project refer to its protected models.

    https://docs.getdbt.com/reference/project-configs/restrict-access; False if the package is not there to be asked.
    """
    try:
        content = read_yaml(project_dir / package_folder(package, raw_project) / FILE_NAME, "a dbt project").content
    except SettingsError:
        return False
    return content.get("restrict-access") is True
