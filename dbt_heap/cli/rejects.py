"""`dbt-heap rejects`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.beginning import begin
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.tables import OUTPUTS, write_table
from dbt_heap.ledger.history import read_rejects
from dbt_heap.opening import open_ledger


@click.command("rejects")
@click.option("--with-values", is_flag=True, help="Row by row, with their keys.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@all_options
def command(with_values: bool, limit: int, output: str, **shared: Any) -> None:
    """Show which rows stand rejected, and why.

    A rejected row is tried again when its values change, or with `dbt-heap sync --retry-rejected`.
    """
    invocation = begin(settings_of(**shared))
    with open_ledger(invocation) as ledger:
        write_table(
            read_rejects(ledger.state, invocation.labels(ledger.target), keys=with_values, limit=limit),
            output,
        )
