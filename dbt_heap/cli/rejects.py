"""`dbt-heap rejects`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from dbt_heap.cli.filters import since_option
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.result_tables import OUTPUTS, write_table
from dbt_heap.cli.start import begin, context_fields
from dbt_heap.heap.rejects import Reason
from dbt_heap.state.history import read_rejects
from dbt_heap.state.open import open_state


@click.command("rejects")
@click.option("--with-values", is_flag=True, help="List single rows with their keys.")
@since_option
@click.option(
    "--reason",
    "reasons",
    type=click.Choice([str(each) for each in Reason]),
    metavar="REASON",
    multiple=True,
    help="Only rows rejected for this reason, such as too_long.",
)
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@all_options
def command(
    with_values: bool,
    since: datetime | None,
    reasons: tuple[str, ...],
    limit: int,
    output: str,
    **shared: Any,
) -> None:
    """Show rejected rows and their reasons.

    A rejected row is sent again when its values change, or with `dbt-heap sync --retry-rejected`. --since applies to
    the time of the first rejection.
    """
    invocation = begin(settings_of(**shared))
    with open_state(invocation, reads_models=False) as store:
        wanted = invocation.labels(store.target)
        found = read_rejects(store, wanted, keys=with_values, since=since, reasons=reasons, limit=limit)
    write_table(found, output, context_fields())
    if output == "table" and found.rows:
        for reason in Reason:
            if str(reason) in found.columns["reason"].values_distinct():
                click.echo(f"{reason}: {reason.sentence}", err=True)
