"""A server that speaks Snowflake's protocol and dialect on DuckDB, and databases in it that tests own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pyarrow as pa
import snowflake.connector
import sqlglot
from fakesnow import arrow
from fakesnow import server as serving  # before its module of the same name takes the name
from fakesnow.server import shared_fs
from pytest import MonkeyPatch

from tests.warehouses import Standard


@contextmanager
def snowflake_server() -> Iterator[Mapping[str, Any]]:
    """How to connect to a server, for as long as the block lasts. It knows no zone but UTC."""
    shared_fs.nop_regexes = ["alter session set timezone = 'UTC'"]
    with serving() as connection, MonkeyPatch.context() as patch:
        patch.setattr(arrow, "timestamp_to_sf_struct", _with_nulls)
        yield connection


_without_nulls = arrow.timestamp_to_sf_struct


def _with_nulls(times: pa.ChunkedArray) -> pa.Array:
    """As Snowflake sends timestamps; the server would make nulls into 1970."""
    sent = _without_nulls(times)
    fields = [sent.field(number).fill_null(0) for number in range(sent.type.num_fields)]
    return pa.StructArray.from_arrays(fields, fields=list(sent.type), mask=times.combine_chunks().is_null())


class Snowflake(Standard):
    """A database of its own."""

    adapter_type = "snowflake"

    def __init__(self, server: Mapping[str, Any]) -> None:
        self._server = server
        self.database = f"shop_{uuid4().hex[:12]}"
        self.default_schema = "public"
        self.output = {
            "type": "snowflake", "account": server["account"], "user": server["user"], "password": server["password"],
            "host": server["host"], "port": server["port"], "protocol": server["protocol"], "database": self.database,
            "schema": self.default_schema, "warehouse": "shop", "threads": 1,
        }  # fmt: skip

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement gives."""
        return self._run(sqlglot.transpile(statement, read="duckdb", write="snowflake")[0])

    def _run(self, statement: str) -> list[tuple[Any, ...]]:
        with snowflake.connector.connect(**self._server, database=self.database, schema="public") as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return cursor.fetchall()

    def table(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table, as dbt would."""
        self.sql(f"create schema if not exists {schema}")
        self.sql(f"create or replace table {schema}.{name} as {select}")

    def build(self, schema: str, name: str, select: str) -> None:
        """The same of a select in Snowflake's dialect."""
        self._run(f"create or replace table {schema}.{name} as {select}")

    def relation_name(self, schema: str, name: str) -> str:
        """As dbt-snowflake writes it."""
        return f"{self.database}.{schema}.{name}"

    def drop(self) -> None:
        """Leave the database to the server, which forgets it at its end, and takes no order to."""
