"""Tables on stdout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from dbt_heap.cli.streams import Terminal
from dbt_heap.errors import printable

_WIDE = 240


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, numbers: frozenset[str] = frozenset()
) -> None:
    """Print a table on stdout, as wide as needed if stdout is not a terminal. Control characters are escaped."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column in numbers
        table.add_column(column, justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    terminal = Terminal(highlight=False)
    needed = terminal.measure(table, options=terminal.options.update(width=_WIDE)).minimum
    terminal.width = max(terminal.width, needed) if terminal.is_terminal else _WIDE
    terminal.print(table)


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    return Text(f"{value:,}" if isinstance(value, int) else printable(str(value)))
