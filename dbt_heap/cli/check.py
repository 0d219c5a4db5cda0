"""`dbt-heap check`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.cli.start import begin_for
from dbt_heap.errors import HeapError, counted
from dbt_heap.reports.readiness import Readiness, readiness
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import mistakes_of


@click.command("check")
@all_options
@click.pass_context
def command(ctx: click.Context, /, **shared: Any) -> None:
    """Report whether `sync` would run, and everything that would stop it.

    Checks declarations, columns, the target of the manifest, state and builds. Sends and writes nothing. Exits with 2
    if `sync` would stop, and with 1 if it would not send a model because of its build or tests.
    """
    settings = settings_of(**shared)
    invocation = begin_for(settings)  # which include mistakes in declarations
    with console_of(settings) as console:
        found = _found(invocation)
        try:
            invocation.messages.add(found.warnings, found.notes)
        finally:  # also if --warn-error makes a warning an error
            for problem in (*found.problems, *found.held_back):
                console.problem(problem)
    code = 2 if found.problems else 1 if found.held_back else 0
    outcome = {0: "OK", 1: "`sync` would not send all of them", 2: "`sync` would stop"}[code]
    click.echo(f"{_counted(invocation)}: {outcome}")
    ctx.exit(code)


def _found(invocation: Invocation) -> Readiness:
    """Return what `sync` would do. Raises HeapError, with the mistakes in declarations."""
    try:
        return readiness(invocation)
    except HeapError as failure:
        if not invocation.mistaken:
            raise
        raise HeapError(f"{mistakes_of(invocation.mistaken)}\n{failure}") from None


def _counted(invocation: Invocation) -> str:
    """Return the number of selected syncs and their models."""
    syncs, models = len(invocation.selected), len({each.model.unique_id for each in invocation.selected})
    return f"{counted(syncs, 'sync')} in {counted(models, 'model')}"
