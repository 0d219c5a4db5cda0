"""dbt_project.yml: where dbt's things are, and what the project says of dbt-heap."""

from dbt_heap.project.block import (
    MAIN,
    WHERE_IDS_STAND,
    Environment,
    ExposureVars,
    HeapVars,
    NeverSend,
    app_id,
    region,
    unset_variable,
    variable_of,
)
from dbt_heap.project.file import FILE_NAME, ProjectFile, read_project

__all__ = [
    "FILE_NAME",
    "MAIN",
    "WHERE_IDS_STAND",
    "Environment",
    "ExposureVars",
    "HeapVars",
    "NeverSend",
    "ProjectFile",
    "app_id",
    "read_project",
    "region",
    "unset_variable",
    "variable_of",
]
