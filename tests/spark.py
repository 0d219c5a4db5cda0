"""A Spark session of this process, and databases in it that tests own; sqlglot translates from DuckDB's dialect.

`make warehouses` runs as dbt-spark would have it: Hive's catalog, statements compiled. Otherwise both are left out,
which changes no result and halves the time that a statement on a few rows takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import sqlglot
from pyspark.sql import SparkSession
from sqlglot import exp

from tests.warehouses import IN_FULL


@contextmanager
def spark_session(cores: int = 1, in_full: bool = IN_FULL) -> Iterator[SparkSession]:
    """Run a session with its own metastore and warehouse. dbt-spark's `method: session` uses it."""
    with TemporaryDirectory(prefix="dbt-heap-") as folder:
        settings: dict[str, bool | float | int | str | None] = {
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": f"{folder}/warehouse",
            "spark.sql.shuffle.partitions": str(cores),
            "spark.log.level": "ERROR",
        }
        if in_full:
            metastore = f"jdbc:derby:;databaseName={folder}/metastore;create=true"
            settings |= {
                "spark.sql.catalogImplementation": "hive",
                "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
                "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}",
            }
        else:
            settings |= {
                "spark.sql.codegen.wholeStage": "false",
                "spark.sql.codegen.factoryMode": "NO_CODEGEN",
                "spark.sql.adaptive.enabled": "false",
            }
        session = SparkSession.builder.master(f"local[{cores}]").config(map=settings).getOrCreate()
        try:
            yield session
        finally:
            session.stop()


class Spark:
    """A database in the session. Its tables are Parquet, which has no updates."""

    adapter_type = "spark"
    database = ""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self.default_schema = f"shop_{uuid4().hex[:12]}"
        self._session.sql(f"create database {self.default_schema}")
        self.output = {"type": "spark", "method": "session", "host": "NA", "schema": self.default_schema}

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows. An update or delete replaces the table."""
        tree = sqlglot.parse_one(statement, read="duckdb")
        self._session.sql(f"use {self.default_schema}")
        if isinstance(tree, (exp.Update, exp.Delete, exp.Alter)) and not tree.find(exp.AlterRename):
            self.table(tree.this.db or self.default_schema, tree.this.name, self._rebuilt(tree))
            return []
        return [tuple(row) for row in self._session.sql(_spark(tree)).collect()]

    def table(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table, as dbt would."""
        self.build(schema, name, _spark(sqlglot.parse_one(select, read="duckdb")))

    def build(self, schema: str, name: str, select: str) -> None:
        """Rebuild a table from a select in Spark's dialect."""
        run = self._session.sql
        new = f"`{schema}`.`{name}__new`"
        run(f"create database if not exists `{schema}`")
        run(f"create table {new} using parquet as {select}")
        run(f"drop table if exists `{schema}`.`{name}`")
        run(f"alter table {new} rename to `{schema}`.`{name}`")

    def relation_name(self, schema: str, name: str) -> str:
        """As dbt-spark writes it."""
        return f"`{schema}`.`{name}`"

    def relations(self, schema: str) -> set[str]:
        """The names of the tables and views in a schema."""
        if not self._session.catalog.databaseExists(schema):
            return set()
        return {row.tableName for row in self._session.sql(f"show tables in `{schema}`").collect()}

    def drop(self) -> None:
        """Remove the databases."""
        for (name,) in self._session.sql(f"show databases like '{self.default_schema}*'").collect():
            self._session.sql(f"drop database {name} cascade")

    def _rebuilt(self, change: exp.Update | exp.Delete | exp.Alter) -> str:
        """The rows of a table after a change, as a select."""
        table = change.this.sql("duckdb")
        types = {field.name: field.dataType.simpleString() for field in self._session.table(_spark(change.this)).schema}
        condition = change.args["where"].this.sql("duckdb") if change.args.get("where") else "true"
        if isinstance(change, exp.Delete):
            return f"select * from {table} where not coalesce({condition}, false)"
        columns = {name: f'"{name}"' for name in types}
        if isinstance(change, exp.Update):
            for each in change.expressions:
                name, value = each.this.name, each.expression.sql("duckdb")
                columns[name] = (
                    f'cast(case when {condition} then {value} else "{name}" end as {types[name]}) as "{name}"'
                )
        else:
            (action,) = change.args["actions"]
            name = action.this.name
            if isinstance(action, exp.RenameColumn):
                columns[name] = f'"{name}" as "{action.args["to"].name}"'
            elif isinstance(action, exp.AlterColumn):
                columns[name] = f'cast("{name}" as {action.args["dtype"].sql("duckdb")}) as "{name}"'
            else:
                del columns[name]
        return f"select {', '.join(columns.values())} from {table}"


def _spark(tree: exp.Expr) -> str:
    return tree.transform(_in_sparks_words).sql("spark")


def _in_sparks_words(node: exp.Expr) -> exp.Expr:
    """Rewrite what sqlglot leaves in functions that Spark does not have."""
    if isinstance(node, exp.GenerateSeries):
        return exp.Anonymous(this="explode", expressions=[exp.func("sequence", node.args["start"], node.args["end"])])
    if isinstance(node, exp.Cast) and node.is_type("json"):
        return exp.Anonymous(this="parse_json", expressions=[node.this])
    return node
