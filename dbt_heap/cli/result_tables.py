"""Result tables on stdout: for people, as csv or as JSON, written by agate."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from io import StringIO
from typing import Any

import agate
from dbt_common.clients.agate_helper import Integer

from dbt_heap.cli.tables import print_table

OUTPUTS = ("table", "csv", "json")

_NUMBERS = (agate.Number, Integer)  # dbt's whole numbers are none of agate's
_TIMES = frozenset({"started_at", "last_at", "since"})


def write_table(table: agate.Table, output: str, context: Mapping[str, Any]) -> None:
    """Write it in one of the OUTPUTS; as JSON, each row has the fields of the command's context too."""
    if output == "csv":
        table.to_csv(sys.stdout)
    elif output == "json":
        written = StringIO()
        table.to_json(written)
        print(json.dumps([{**context, **row} for row in json.loads(written.getvalue())], indent=2, ensure_ascii=False))
    else:
        numbers = frozenset(column.name for column in table.columns if isinstance(column.data_type, _NUMBERS))
        names = table.column_names
        rows = ([_shown(name, value) for name, value in zip(names, row, strict=True)] for row in table.rows)
        print_table(names, rows, numbers=numbers)


def _shown(name: str, value: Any) -> Any:
    """A cell as people want it: of our own times, no fractions of a second; of a number without any, none."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return re.sub(r"\.\d+", "", value) if name in _TIMES and isinstance(value, str) else value
