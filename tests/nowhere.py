"""Warehouses that are never connected to: each adapter with its own macros and quotes, and nobody behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.warehouse.adapter import open_warehouse
from dbt_heap.warehouse.connection import Warehouse

NOBODY = {"user": "nobody", "password": "none", "schema": "public"}
NOWHERE: dict[str, dict[str, Any]] = {  # nobody listens there, and nothing is asked
    "bigquery": {"method": "oauth", "project": "shop", "dataset": "public"},
    "databricks": {"host": "nowhere.example", "http_path": "/", "token": "none", "catalog": "main", "schema": "public"},
    "postgres": {**NOBODY, "host": "nowhere.example", "port": 5432, "dbname": "shop"},
    "redshift": {**NOBODY, "host": "nowhere.example", "port": 5439, "dbname": "shop"},
    "snowflake": {**NOBODY, "account": "nowhere", "database": "shop", "warehouse": "shop"},
    "spark": {"method": "session", "host": "NA", "schema": "public"},
}  # fmt: skip

on_every_adapter = pytest.mark.parametrize("nowhere", NOWHERE, indirect=True)


def warehouse_nowhere(adapter: str, folder: Path) -> Warehouse:
    """The warehouse of an adapter; its profile is written to a folder."""
    profile = {"type": adapter, **NOWHERE[adapter]}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": profile}}}))
    project = {"name": "shop", "version": "1.0", "config-version": 2, "profile": "shop"}
    return open_warehouse(DbtProject(project, project_dir=folder, profiles_dir=folder))
