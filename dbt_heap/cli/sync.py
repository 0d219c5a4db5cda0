"""`dbt-heap sync`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

import click

from dbt_heap.cli.console import Console
from dbt_heap.cli.options import all_options, console_of, rate_option, settings_of
from dbt_heap.cli.start import not_run, with_context
from dbt_heap.cli.streams import tried
from dbt_heap.cli.tables import print_table
from dbt_heap.delivery.results import FILE_NAME, Results, Status, sentences
from dbt_heap.errors import SettingsError
from dbt_heap.project.environment import dbt_variables
from dbt_heap.run.options import SyncOptions
from dbt_heap.run.sync import sync
from dbt_heap.state.plan import DiffOptions
from dbt_heap.syncs.invocation import Invocation, invoke
from dbt_heap.syncs.sync import Mistaken

Consent: TypeAlias = Callable[[Console, str], bool]  # asks a question; whether the answer is yes


@click.command("sync")
@click.option(
    "--fail-fast/--no-fail-fast", "-x", envvar=dbt_variables("DBT_FAIL_FAST"), help="Stop at the first failed sync."
)
@click.option("--resync", is_flag=True, help="Send users and accounts in full.")
@click.option("--retry-rejected", is_flag=True, help="Send rows again that are still rejected.")
@click.option("--full-scan", is_flag=True, help="Compare all events, including those before the lookback.")
@click.option("--first-sync", is_flag=True, help="Allow a first sync of more than 100,000 rows, and changed keys.")
@click.option(
    "--allow-large",
    multiple=True,
    metavar="SYNC",
    callback=lambda _ctx, _param, names: frozenset(names),
    help="Allow this sync more rows than its max_rows, for this run.",
)
@click.option("--allow-deletions", is_flag=True, help="Ask Heap to delete the users of user_deletions. Confirms first.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation before deletions.")
@click.option("--built", is_flag=True, help="Only syncs whose models dbt built successfully since their last sync.")
@click.option(
    "--no-gate",
    "gate",
    is_flag=True,
    callback=lambda _ctx, _param, given: not given,
    help="Send models even if their build or tests failed.",
)
@click.option(
    "--max-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop cleanly after this many minutes."
)
@click.option(
    "--if-running",
    "skip_running",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    envvar="DBT_HEAP_IF_RUNNING",
    callback=lambda _ctx, _param, choice: choice == "skip",
    help="What to do if another run of the same sync is active.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(1, 64),
    default=SyncOptions.in_flight,
    show_default=True,
    envvar="DBT_HEAP_IN_FLIGHT",
    help="Number of concurrent requests.",
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(0, 60, min_open=True),
    default=SyncOptions.request_timeout,
    show_default=True,
    envvar="DBT_HEAP_REQUEST_TIMEOUT",
    help="Seconds to wait for a response from Heap.",
)
@click.option(
    "--max-wait",
    type=click.FloatRange(0, 300),
    default=SyncOptions.max_wait,
    show_default=True,
    envvar="DBT_HEAP_MAX_WAIT",
    help="Seconds to keep retrying a failed request.",
)
@rate_option
@all_options
@click.pass_context
def command(
    ctx: click.Context, /, retry_rejected: bool, full_scan: bool, allow_deletions: bool, yes: bool, **given: Any
) -> None:
    """Send new and changed rows, and record what Heap acknowledged.

    Run it after `dbt run`. An interrupted sync resumes on the next run. Results: target/heap_results.json.
    """
    flags = {each.name: given.pop(each.name) for each in fields(SyncOptions) if each.name in given}
    consent = _consent(allow_deletions=allow_deletions, yes=yes)
    settings = settings_of(**given)
    console = console_of(settings)
    interruption = _Interruption(console)
    options = SyncOptions(
        compare=DiffOptions(retry_rejected=retry_rejected, full_scan=full_scan),
        stop=interruption,
        consent=consent and partial(consent, console),
        **flags,
    )
    invocation = with_context(invoke(settings), console)
    _must_go_together(invocation, options)
    folder = invocation.target_path  # fails here, before anything is sent, if it does not render
    with console, interruption:
        results = sync(invocation, options, console)
    unwritten = [*_write(results, folder), *_summarize(results)]
    _report(results, console, [*_nothing_to_do(invocation), *unwritten], invocation.mistaken)
    warned = unwritten or any(each.status is Status.WARN for each in results.syncs)
    ctx.exit(results.exit_code or int(bool(settings.warn_error and warned) or interruption()))


def _consent(*, allow_deletions: bool, yes: bool) -> Consent | None:
    """Return how to confirm deletions; None if they are off. Raises SettingsError if no one can confirm."""
    if not allow_deletions:
        return None
    if yes:
        return lambda console, question: True
    if not sys.stdin.isatty():
        raise SettingsError("--allow-deletions asks for confirmation, but there is no terminal: add --yes")
    return Console.confirmed


def _must_go_together(invocation: Invocation, options: SyncOptions) -> None:
    """Raise SettingsError if flags contradict each other or the selection."""
    selected = {each.name for each in invocation.selected} | {each.name for each in invocation.mistaken}
    if unknown := options.allow_large - selected:
        raise SettingsError(f"--allow-large {min(unknown)}: no selected sync has this name")
    if options.built and (options.resync or options.compare.retry_rejected or options.compare.full_scan):
        raise SettingsError("--built cannot be combined with --resync, --retry-rejected or --full-scan")


class _Interruption:
    """Notes the first SIGINT or SIGTERM so the run stops cleanly; the second one ends it at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._received = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self._received

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._received:
            self._console.let_go()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._received = True
        self._console.problem("Stopping after the requests in flight. Press Ctrl-C again to stop at once.")


def _nothing_to_do(invocation: Invocation) -> list[str]:
    """Return a warning if there is no sync to run."""
    if invocation.selected or invocation.mistaken:
        return []
    return ["no sync is selected" if invocation.declared else "no model declares a sync: add `meta.heap` to a model"]


def _write(results: Results, folder: Path) -> list[str]:
    """Write the results file, and return a warning if that fails: the warehouse has the state all the same."""
    try:
        results.write(folder)
    except OSError as refusal:
        path = folder / FILE_NAME
        return [
            f"{path} cannot be written: {refusal.strerror}. No data is lost: the warehouse records what was sent. "
            "To write the file, set --target-path to a writable folder."
        ]
    return []


def _summarize(results: Results) -> list[str]:
    """Print the row counts of each sync on stdout, and return a warning if that fails."""
    figures = ("planned", "accepted", "rejected", "undelivered", "still_rejected")
    rows = [
        (each.name, each.type, str(each.status), *(getattr(each, name) for name in figures), f"{each.seconds:.1f}")
        for each in results.syncs
    ]
    columns, numbers = ("sync", "type", "status", *figures, "seconds"), frozenset({*figures, "seconds"})
    why = tried(lambda: print_table(columns, rows, numbers=numbers)) if rows else ""
    return [f"the summary cannot be written to stdout: {why}"] if why else []


def _report(results: Results, console: Console, warnings: list[str], mistaken: tuple[Mistaken, ...]) -> None:
    """Print warnings and notes and, as the last lines on stderr, each cause of a failed sync once."""
    for warning in warnings:
        console.warn(warning)
    if results.up_to_date:
        console.note(
            f"up to date, because dbt has not built their models since the last sync: {', '.join(results.up_to_date)}"
        )
    for each in results.syncs:
        for note in each.notes:
            console.note(f"{each.name}: {note}")
    for sentence in sentences(each for each in results.syncs if each.message and not each.status.exit_code):
        console.warn(sentence)
    listed = {(each.name, each.model.unique_id) for each in mistaken}
    failed = [each for each in results.syncs if each.message and each.status.exit_code]
    for sentence in sentences(each for each in failed if (each.name, each.model) not in listed):
        console.problem(sentence)
    if mistaken := tuple(each for each in mistaken if each.enabled):
        console.problem(not_run(mistaken))
