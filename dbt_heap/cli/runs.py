"""`dbt-heap runs`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.beginning import begin
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.tables import OUTPUTS, write_table
from dbt_heap.ledger.history import read_runs
from dbt_heap.opening import open_ledger


@click.command("runs")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@all_options
def command(limit: int, output: str, **shared: Any) -> None:
    """Show earlier runs of the selected syncs, the newest first."""
    invocation = begin(settings_of(**shared))
    with open_ledger(invocation) as ledger:
        write_table(read_runs(ledger.state, invocation.labels(ledger.target), limit=limit), output)
