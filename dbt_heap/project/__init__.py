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
from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.project.environment import EnvFile, dbt_variables, environment, read_env_file, with_both_names
from dbt_heap.project.file import ProjectFile, read_project
from dbt_heap.project.variables import FILE_NAME

__all__ = [
    "FILE_NAME",
    "MAIN",
    "WHERE_IDS_STAND",
    "DbtProject",
    "EnvFile",
    "Environment",
    "ExposureVars",
    "HeapVars",
    "NeverSend",
    "ProjectFile",
    "app_id",
    "dbt_variables",
    "environment",
    "read_env_file",
    "read_project",
    "region",
    "unset_variable",
    "variable_of",
    "with_both_names",
]
