"""`dbt-heap plan`."""

from __future__ import annotations

from typing import Any

import click
import orjson

from dbt_heap.cli.options import all_options, console_of, rate_option, settings_of
from dbt_heap.console import print_table
from dbt_heap.invocation import invoke
from dbt_heap.ledger.plans import Options
from dbt_heap.preview import Preview, previews

_FIGURES = ("new", "changed", "rejected", "standing", "requests")


@click.command("plan")
@click.option("--retry-rejected", is_flag=True, help="As if rows that stand rejected were tried again.")
@click.option("--full-scan", is_flag=True, help="Compare all events, also those before the lookback.")
@click.option("--output", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option("--check", is_flag=True, help="Exit with 3 where there is something to do.")
@rate_option
@all_options
@click.pass_context
def command(
    ctx: click.Context, /, retry_rejected: bool, full_scan: bool, output: str, check: bool, **shared: Any
) -> None:
    """Count what a sync would send: the same diff, nothing sent, nothing written.

    Values that only a payload shows to be unfit are found by `sync` itself.
    """
    settings = settings_of(**shared)
    invocation = invoke(settings)
    options = Options(retry_rejected=retry_rejected, full_scan=full_scan)
    with console_of(settings) as console:
        for warning in (*invocation.warnings, *invocation.gates.warnings):
            console.warn(warning)
        for note in invocation.notes:
            console.note(note)
        found = previews(invocation, options)
    if output == "json":
        click.echo(orjson.dumps([preview.as_json() for preview in found], option=orjson.OPT_INDENT_2))
    elif output == "markdown":
        click.echo("\n".join(_markdown(found)))
    else:
        _text(found)
    if check and any(preview.plan.planned for preview in found):
        ctx.exit(3)


def _text(found: list[Preview]) -> None:
    rows = [(each.plan.sync.name, *_row(each)) for each in found]
    print_table(("sync", *_FIGURES, "MB", "time"), rows, numbers=frozenset({*_FIGURES, "MB", "time"}))
    for each in found:
        for line in each.notes():
            click.echo(f"{each.plan.sync.name}: {line}")


def _markdown(found: list[Preview]) -> list[str]:
    header = ("sync", *_FIGURES, "MB", "time")
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [f"| {' | '.join(str(cell) for cell in (each.plan.sync.name, *_row(each)))} |" for each in found]
    notes = [f"- {each.plan.sync.name}: {line}" for each in found for line in each.notes()]
    return [*lines, *([""] if notes else []), *notes]


def _row(preview: Preview) -> tuple[Any, ...]:
    plan = preview.plan
    seconds = preview.seconds
    time = f"{seconds // 60}:{seconds % 60:02d}" if seconds else ""
    return (plan.new, plan.changed, plan.rejected, plan.standing, plan.batches, f"{preview.megabytes:.2f}", time)
