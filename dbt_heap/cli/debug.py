"""`dbt-heap debug`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dbt_heap import __version__
from dbt_heap.cli.beginning import begin_correct
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.errors import HeapError
from dbt_heap.invocation import Invocation
from dbt_heap.opening import open_ledger


@click.command("debug")
@all_options
@click.pass_context
def command(ctx: click.Context, /, **shared: Any) -> None:
    """Try what a sync needs, one thing after the other, as `dbt debug` does. Sends nothing to Heap."""
    click.echo(f"dbt-heap {__version__}")
    settings = settings_of(**shared)
    found: list[Invocation] = []

    def project() -> str:
        found.append(begin_correct(settings))
        return f"{found[0].project.name}, {len(found[0].declared)} syncs declared"

    well = _tried("project and manifest", project)
    well = well and _tried("warehouse and state schema", lambda: _warehouse(found[0]))
    well = well and _tried("Heap environments", lambda: _destinations(found[0]))
    ctx.exit(0 if well else 2)


def _tried(what: str, attempt: Callable[[], str]) -> bool:
    try:
        click.echo(f"  {what}: OK ({attempt()})")
    except HeapError as error:
        click.echo(f"  {what}: ERROR: {error}")
        return False
    return True


def _warehouse(invocation: Invocation) -> str:
    with open_ledger(invocation) as ledger:
        ledger.state.prepare()
        warehouse = ledger.state.warehouse
        return f"{warehouse.adapter_type}, target {warehouse.target_name}, schema {ledger.state.schema}"


def _destinations(invocation: Invocation) -> str:
    with open_ledger(invocation) as ledger:
        target = ledger.target
    labels = sorted({invocation.destination(sync, target).label for sync in invocation.declared})
    return f"{', '.join(labels)}; no API tells whether an Environment ID is right" if labels else "none needed"
