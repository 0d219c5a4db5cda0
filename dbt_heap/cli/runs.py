"""`dbt-heap runs`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from dbt_heap.cli.filters import since_option
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.result_tables import OUTPUTS, write_table
from dbt_heap.cli.start import begin, context_fields
from dbt_heap.delivery.results import Status
from dbt_heap.state.history import read_runs
from dbt_heap.state.open import open_state

# Also: a killed run that a later one recovered, and a run that is active or was killed.
_STATUSES = (*map(str, Status), "interrupted", "unfinished")


@click.command("runs")
@since_option
@click.option("--status", "statuses", type=click.Choice(_STATUSES), multiple=True, help="Only runs with this status.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@click.option("--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@all_options
def command(since: datetime | None, statuses: tuple[str, ...], limit: int, output: str, **shared: Any) -> None:
    """Show earlier runs of the selected syncs, latest first."""
    invocation = begin(settings_of(**shared))
    with open_state(invocation, reads_models=False) as store:
        wanted = invocation.labels(store.target)
        found = read_runs(store, wanted, since=since, statuses=statuses, limit=limit)
    write_table(found, output, context_fields())
