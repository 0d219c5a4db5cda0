"""Warehouses without a server: each adapter with its own macros and quoting, never connected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_heap.project.dbt_project import DbtProject
from dbt_heap.warehouse.adapter import open_warehouse
from dbt_heap.warehouse.connection import Warehouse

LOGIN = {"user": "nobody", "password": "none", "schema": "public"}
OFFLINE_PROFILES: dict[str, dict[str, Any]] = {  # no server listens there, and no test connects
    "bigquery": {"method": "oauth", "project": "shop", "dataset": "public"},
    "databricks": {"host": "nowhere.example", "http_path": "/", "token": "none", "catalog": "main", "schema": "public"},
    "postgres": {**LOGIN, "host": "nowhere.example", "port": 5432, "dbname": "shop"},
    "redshift": {**LOGIN, "host": "nowhere.example", "port": 5439, "dbname": "shop"},
    "snowflake": {**LOGIN, "account": "nowhere", "database": "shop", "warehouse": "shop"},
    "spark": {"method": "session", "host": "NA", "schema": "public"},
}  # fmt: skip

on_every_adapter = pytest.mark.parametrize("offline_warehouse", OFFLINE_PROFILES, indirect=True)


def open_offline_warehouse(adapter: str, folder: Path) -> Warehouse:
    """Return the warehouse of an adapter, with its profile in `folder`."""
    profile = {"type": adapter, **OFFLINE_PROFILES[adapter]}
    (folder / "profiles.yml").write_text(yaml.safe_dump({"shop": {"target": "dev", "outputs": {"dev": profile}}}))
    project = {"name": "shop", "version": "1.0", "config-version": 2, "profile": "shop"}
    return open_warehouse(DbtProject(project, project_dir=folder, profiles_dir=folder))
