"""`dbt-heap show`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin, leave_out
from dbt_heap.heap.client import PATHS
from dbt_heap.reports.plan import samples


@click.command("show")
@click.option("--limit", type=click.IntRange(1, 1000), default=5, show_default=True, help="Rows per sync.")
@all_options
def command(limit: int, **shared: Any) -> None:
    """Print the request bodies of the first rows to send. Sends nothing.

    Shows row values.
    """
    settings = settings_of(**shared)
    shown, failure = samples(begin(settings), limit)
    for each in shown:
        if each.stop:
            console_of(settings).warn(f"`sync` would stop: {each.stop}")
        click.echo(f"{each.sync.name}: POST {PATHS[each.sync.type]}", err=True)
        click.echo(each.body)
    leave_out(console_of(settings), failure)
