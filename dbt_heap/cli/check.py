"""`dbt-heap check`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.beginning import begin_correct, tell
from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.invocation import Invocation, bear
from dbt_heap.preview import readiness


@click.command("check")
@all_options
@click.pass_context
def command(ctx: click.Context, /, **shared: Any) -> None:
    """Report whether `sync` would run, and everything that would stop it.

    Checks declarations, columns, the target of the manifest, state and builds. Sends and writes nothing. Exits with 2
    if `sync` would stop, and with 1 if it would not send a model because of its build or tests.
    """
    settings = settings_of(**shared)
    invocation = begin_correct(settings)
    with console_of(settings) as console:
        found = readiness(invocation)
        tell(console, found.warnings, found.notes)
        for problem in (*found.problems, *found.held_back):
            console.problem(problem)
    bear(found.warnings, settings)
    code = 2 if found.problems else 1 if found.held_back else 0
    outcome = {0: "OK", 1: "`sync` would leave some out", 2: "`sync` would stop"}[code]
    click.echo(f"{_counted(invocation)}: {outcome}")
    ctx.exit(code)


def _counted(invocation: Invocation) -> str:
    """How many syncs are selected, of how many models."""
    syncs, models = len(invocation.selected), len({each.model.unique_id for each in invocation.selected})
    return f"{syncs} sync{'' if syncs == 1 else 's'} in {models} model{'' if models == 1 else 's'}"
