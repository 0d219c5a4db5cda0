"""`dbt-heap plan`: plans, and what a pull request changes, as text, JSON or Markdown on stdout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click
import orjson

from dbt_heap.cli.options import all_options, console_of, rate_option, settings_of
from dbt_heap.cli.start import begin, leave_out
from dbt_heap.cli.tables import print_table
from dbt_heap.errors import SettingsError
from dbt_heap.reports.plan import Preview, previews
from dbt_heap.reports.review import ADDED, CHANGED, REMOVED, SAME, Review, Reviewed, review
from dbt_heap.state.plan import DiffOptions
from dbt_heap.syncs.invocation import Invocation

OUTPUTS = ("text", "json", "markdown")
_FIGURES = ("new", "changed", "rejected", "still_rejected", "requests", "MB", "time")
_PLANS = ("sync", *_FIGURES)
_REVIEW = ("sync", "declaration", *_FIGURES)


def write_plans(plans: Sequence[Preview], output: str) -> None:
    """Print plans in one of the OUTPUTS."""
    rows = [(each.plan.sync.name, *_figures(each)) for each in plans]
    lines = [f"{each.plan.sync.name}: {note}" for each in plans for note in each.notes()]
    if output == "json":
        _json([each.as_json() for each in plans])
    elif output == "markdown":
        click.echo("\n".join([*_table(_PLANS, rows), *([""] if lines else []), *(f"- {line}" for line in lines)]))
    else:
        _text(_PLANS, rows, lines)


def write_review(review: Review, output: str) -> None:
    """Print a review in one of the OUTPUTS; the Markdown suits a comment on a pull request."""
    rows = [(each.name, "" if each.status == SAME else each.status, *_figures(each.preview)) for each in review.syncs]
    if output == "json":
        _json([each.as_json() for each in review.syncs])
    elif output == "markdown":
        click.echo("\n".join([f"### Heap: {_headline(review)}", "", *_table(_REVIEW, rows), *_paragraphs(review)]))
    else:
        _text(_REVIEW, rows, [f"{each.name}: {line}" for each in review.syncs for line in _lines(each)])


def _headline(review: Review) -> str:
    counts = Counter(each.status for each in review.syncs)
    parts = [f"{counts[status]} {status}" for status in (ADDED, CHANGED, REMOVED) if counts[status]]
    return ", ".join(parts) or "no sync changes"


def _paragraphs(review: Review) -> Iterator[str]:
    for each in review.syncs:
        if lines := list(_lines(each)):
            yield f"\n**{each.name}**\n"
            yield from (f"- {line}" for line in lines)


def _lines(each: Reviewed) -> Iterator[str]:
    for change in each.changes:
        yield f"{'CHANGES KEYS. ' if change.rekeys else ''}{change.key}: {change.text}"
    yield from each.notes


def _figures(preview: Preview | None) -> tuple[Any, ...]:
    if preview is None:
        return ("",) * len(_FIGURES)
    plan, seconds = preview.plan, preview.seconds
    time = f"{seconds // 60}:{seconds % 60:02d}" if seconds else ""
    return (plan.new, plan.changed, plan.rejected, plan.still_rejected, plan.batches, f"{preview.megabytes:.2f}", time)


def _json(found: list[dict[str, Any]]) -> None:
    click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [f"| {' | '.join(map(str, row))} |" for row in (header, ["---"] * len(header), *rows)]


def _text(header: Sequence[str], rows: Sequence[Sequence[Any]], lines: Sequence[str]) -> None:
    print_table(header, rows, numbers=frozenset(_FIGURES))
    for line in lines:
        click.echo(line)


@click.command("plan")
@click.option("--retry-rejected", is_flag=True, help="Include rows that are still rejected.")
@click.option("--full-scan", is_flag=True, help="Compare all events, including those before the lookback.")
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@click.option(
    "--check", is_flag=True, help="Exit with 3 if there is something to send; with --against, if a declaration changes."
)
@click.option("--against", metavar="TARGET", help="Compare with the manifest in --state and the state of this target.")
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
    """Count what `sync` would send. Sends and writes nothing.

    Some values that Heap would refuse are only found by `sync` itself, when it builds the records.
    """
    settings = settings_of(**shared)
    if against and not settings.state:
        raise SettingsError("--against needs --state: the folder that holds the manifest.json to compare with")
    invocation = begin(settings)
    options = DiffOptions(retry_rejected=retry_rejected, full_scan=full_scan)
    with console_of(settings) as console:
        _report_gates(invocation, reviewing=bool(against))
        if against and settings.state:
            invocation.must_be_correct()
            reviewed = review(invocation, options, settings.state, against)
            invocation.messages.add(reviewed.warnings)
            write_review(reviewed, output)
            due = reviewed.changes_something
        else:
            plans, failure = previews(invocation, options)
            write_plans(plans, output)
            leave_out(console, failure)
            due = any(each.plan.planned for each in plans)
    if check and due:
        ctx.exit(3)


def _report_gates(invocation: Invocation, *, reviewing: bool) -> None:
    """Report missing build and test results; a review needs neither. Raises SettingsError."""
    gates = invocation.gates
    warnings, notes = (gates.stale, ()) if reviewing else (gates.warnings, gates.notes)
    invocation.messages.add(warnings, notes)
