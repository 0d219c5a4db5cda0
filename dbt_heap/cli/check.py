"""`dbt-heap check`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.invocation import invoke, open_ledger


@click.command("check")
@all_options
@click.pass_context
def command(ctx: click.Context, /, **shared: Any) -> None:
    """Hold the declarations against the manifest and the warehouse's columns. All mistakes are told at once."""
    settings = settings_of(**shared)
    invocation = invoke(settings)
    with console_of(settings) as console, open_ledger(invocation) as ledger:
        warnings = (*invocation.warnings, *ledger.advice(invocation.selected))
        for warning in warnings:
            console.warn(warning)
    click.echo(f"{len(invocation.selected)} syncs of {len({each.model.unique_id for each in invocation.selected})} models: all well")
    if warnings and settings.warn_error:
        ctx.exit(2)
