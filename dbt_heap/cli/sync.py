"""`dbt-heap sync`."""

from __future__ import annotations

import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import click

from dbt_heap.cli.consent import Consent, deletion_options
from dbt_heap.cli.console import Console
from dbt_heap.cli.options import all_options, console_of, rate_option, settings_of
from dbt_heap.cli.start import not_run, tell, with_context
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


@click.command("sync")
@click.option(
    "--fail-fast/--no-fail-fast",
    "-x",
    envvar=dbt_variables("DBT_FAIL_FAST"),
    help="Stop at the first sync that does not end well.",
)
@click.option("--resync", is_flag=True, help="Send users and accounts in full, as if Heap held nothing of them.")
@click.option("--retry-rejected", is_flag=True, help="Try rows again that stand rejected.")
@click.option("--full-scan", is_flag=True, help="Compare all events, also those before the lookback.")
@click.option(
    "--first-sync", is_flag=True, help="Allow a first sync of more than 100,000 rows, and rows under other keys."
)
@click.option("--allow-large", multiple=True, metavar="SYNC", help="Allow this sync more rows than its max_rows, once.")
@deletion_options
@click.option("--built", is_flag=True, help="Only what dbt's hooks say was built since its last sync, and built well.")
@click.option("--no-gate", is_flag=True, help="Send also what dbt did not build, or what failed its tests.")
@click.option("--max-minutes", type=click.FloatRange(min=0, min_open=True), help="Stop in good order after so long.")
@click.option(
    "--if-running",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    envvar="DBT_HEAP_IF_RUNNING",
    help="What to do where another run of the same sync is at work.",
)
@click.option(
    "--in-flight",
    type=click.IntRange(1, 64),
    default=SyncOptions.in_flight,
    show_default=True,
    envvar="DBT_HEAP_IN_FLIGHT",
    help="Requests under way at once.",
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(0, 60, min_open=True),
    default=SyncOptions.request_timeout,
    show_default=True,
    envvar="DBT_HEAP_REQUEST_TIMEOUT",
    help="Seconds to wait for one answer of Heap's.",
)
@click.option(
    "--max-wait",
    type=click.FloatRange(0, 300),
    default=SyncOptions.max_wait,
    show_default=True,
    envvar="DBT_HEAP_MAX_WAIT",
    help="Seconds to try a request again that failed.",
)
@rate_option
@all_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    fail_fast: bool,
    resync: bool,
    retry_rejected: bool,
    full_scan: bool,
    first_sync: bool,
    allow_large: tuple[str, ...],
    consent: Consent | None,
    built: bool,
    no_gate: bool,
    max_minutes: float | None,
    if_running: str,
    in_flight: int,
    request_timeout: float,
    max_wait: float,
    **shared: Any,
) -> None:
    """Send what is new or changed, and remember what Heap acknowledged.

    Run it after `dbt run`. What was interrupted, the next run goes on with. Results: target/heap_results.json.
    """
    settings = settings_of(**shared)
    console = console_of(settings)
    invocation = with_context(invoke(settings), console, warn=False)
    _must_go_together(invocation, allow_large, built=built, all_rows=resync or retry_rejected or full_scan)
    interruption = _Interruption(console)
    options = SyncOptions(
        compare=DiffOptions(retry_rejected=retry_rejected, full_scan=full_scan),
        resync=resync,
        first_sync=first_sync,
        allow_large=frozenset(allow_large),
        max_minutes=max_minutes,
        skip_running=if_running == "skip",
        fail_fast=fail_fast,
        gate=not no_gate,
        built=built,
        in_flight=in_flight,
        request_timeout=request_timeout,
        max_wait=max_wait,
        stop=interruption,
    )
    folder = invocation.target_path  # which may not render: better before anything is sent
    with console, interruption:
        results = sync(invocation, replace(options, consent=consent and partial(consent, console)), console)
    unwritten = [*_write(results, folder), *_summarize(results)]
    _report(results, console, [*_nothing_to_do(invocation), *unwritten], invocation.mistaken)
    warned = unwritten or any(each.status is Status.WARN for each in results.syncs)
    ctx.exit(results.exit_code or int(bool(settings.warn_error and warned) or interruption()))


def _must_go_together(invocation: Invocation, allow_large: tuple[str, ...], *, built: bool, all_rows: bool) -> None:
    """Raises SettingsError where flags contradict each other or what is selected."""
    selected = {each.name for each in invocation.selected} | {each.name for each in invocation.mistaken}
    if unknown := set(allow_large) - selected:
        raise SettingsError(f"--allow-large {min(unknown)}: no selected sync has this name")
    if built and all_rows:
        raise SettingsError(
            "--built is for what dbt has built since; --resync, --retry-rejected and --full-scan are not"
        )


class _Interruption:
    """Notes the first SIGINT or SIGTERM, so that the run ends in good order; a second one ends it at once."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._came = False
        self._before: dict[signal.Signals, Any] = {}

    def __call__(self) -> bool:
        return self._came

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._came:
            self._console.let_go()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._came = True
        self._console.problem("Stopping after the requests under way; once more stops at once.")


def _nothing_to_do(invocation: Invocation) -> list[str]:
    """Return a warning if there is no sync to run."""
    if invocation.selected or invocation.mistaken:
        return []
    return ["no sync is selected" if invocation.declared else "no model declares a sync: add meta.heap to one"]


def _write(results: Results, folder: Path) -> list[str]:
    """Write the artifact, and return a warning if it cannot be: the state of what was sent is in the warehouse."""
    try:
        results.write(folder)
    except OSError as refusal:
        path = folder / FILE_NAME
        return [
            f"{path} cannot be written: {refusal.strerror}. Nothing else is lost: what was sent is recorded in the "
            "warehouse. To have the file, set --target-path to a folder that can be written"
        ]
    return []


def _summarize(results: Results) -> list[str]:
    """Print the figures of each sync on stdout, and return a warning if that cannot be."""
    figures = ("planned", "accepted", "rejected", "undelivered", "still_rejected")
    rows = [
        (each.name, each.type, str(each.status), *(getattr(each, name) for name in figures), f"{each.seconds:.1f}")
        for each in results.syncs
    ]
    columns, numbers = ("sync", "type", "status", *figures, "seconds"), frozenset({*figures, "seconds"})
    why = tried(lambda: print_table(columns, rows, numbers=numbers)) if rows else ""
    return [f"the summary cannot be written to stdout: {why}"] if why else []


def _report(results: Results, console: Console, warnings: list[str], mistaken: tuple[Mistaken, ...]) -> None:
    """Print what else to know and, as stderr's last lines, each cause for which syncs did not end well."""
    tell(console, warnings)
    if results.up_to_date:
        console.note(f"up to date, as dbt built nothing of theirs since: {', '.join(results.up_to_date)}")
    for each in results.syncs:
        for note in each.notes:
            console.note(f"{each.name}: {note}")
    for sentence in sentences(each for each in results.syncs if each.message and not each.status.exit_code):
        console.warn(sentence)
    listed = {(each.name, each.model.unique_id) for each in mistaken}
    told = [each for each in results.syncs if each.message and each.status.exit_code]
    for sentence in sentences(each for each in told if (each.name, each.model) not in listed):
        console.problem(sentence)
    if mistaken := tuple(each for each in mistaken if each.enabled):
        console.problem(not_run(mistaken))
