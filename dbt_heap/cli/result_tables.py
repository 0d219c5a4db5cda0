"""Print agate result tables on stdout as text, CSV or JSON."""

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

_NUMBERS = (agate.Number, Integer)  # dbt's integer type is not one of agate's
_TIMES = frozenset({"started_at", "last_at", "since"})


def write_table(table: agate.Table, output: str, context: Mapping[str, Any]) -> None:
    """Print a table in one of the OUTPUTS; JSON rows include the fields of the command's context."""
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
    """Return a cell to display: times without fractions of a second, whole numbers without decimals."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return re.sub(r"\.\d+", "", value) if name in _TIMES and isinstance(value, str) else value
