"""`dbt-heap plan`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.beginning import begin, leave_out, tell
from dbt_heap.cli.options import all_options, console_of, rate_option, settings_of
from dbt_heap.cli.plan_output import OUTPUTS, write_plans, write_review
from dbt_heap.console import Console
from dbt_heap.errors import SettingsError
from dbt_heap.invocation import Invocation, bear
from dbt_heap.ledger.plans import Options
from dbt_heap.preview import previews, review


@click.command("plan")
@click.option("--retry-rejected", is_flag=True, help="As if rows that stand rejected were tried again.")
@click.option("--full-scan", is_flag=True, help="Compare all events, also those before the lookback.")
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@click.option(
    "--check", is_flag=True, help="Exit with 3 where there is something to do; with --against, where it changes."
)
@click.option(
    "--against", metavar="TARGET", help="Hold the syncs against the manifest of --state and this target's state."
)
@rate_option
@all_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    retry_rejected: bool,
    full_scan: bool,
    output: str,
    check: bool,
    against: str | None,
    **shared: Any,
) -> None:
    """Count what a sync would send: the same diff, nothing sent, nothing written.

    Values that only a payload shows to be unfit are found by `sync` itself.
    """
    settings = settings_of(**shared)
    if against and not settings.state:
        raise SettingsError("--against: say with --state where the manifest.json is that is to be compared")
    invocation = begin(settings)
    options = Options(retry_rejected=retry_rejected, full_scan=full_scan)
    with console_of(settings) as console:
        _tell_gates(invocation, console, reviewing=bool(against))
        if against and settings.state:
            invocation.must_be_correct()
            reviewed = review(invocation, options, settings.state, against)
            tell(console, reviewed.warnings)
            write_review(reviewed, output)
            due = reviewed.changes_something
        else:
            plans, failure = previews(invocation, options)
            write_plans(plans, output)
            leave_out(console, failure)
            due = any(each.plan.planned for each in plans)
    if check and due:
        ctx.exit(3)


def _tell_gates(invocation: Invocation, console: Console, *, reviewing: bool) -> None:
    """Report what is unknown about builds and tests; a review needs neither. Raises SettingsError."""
    gates = invocation.gates
    warnings, notes = (gates.stale, ()) if reviewing else (gates.warnings, gates.notes)
    bear(warnings, invocation.settings)
    tell(console, warnings, notes)
