"""Result tables on stdout: for people, as csv or as JSON, written by agate."""

from __future__ import annotations

import sys

import agate

from dbt_heap.console import print_table

OUTPUTS = ("table", "csv", "json")


def write_table(table: agate.Table, output: str) -> None:
    """Writes it in one of the OUTPUTS."""
    if output == "csv":
        table.to_csv(sys.stdout)
    elif output == "json":
        table.to_json(sys.stdout, indent=2)
        print()
    else:
        numbers = frozenset(column.name for column in table.columns if isinstance(column.data_type, agate.Number))
        print_table(table.column_names, table.rows, numbers=numbers)
