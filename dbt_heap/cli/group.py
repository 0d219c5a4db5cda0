"""The `dbt-heap` command group. A command's module is imported when the command is called."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from dbt_heap import __version__
from dbt_heap.cli import streams, suggestions
from dbt_heap.errors import HeapError, SettingsError
from dbt_heap.project.environment import read_env_file

# The help of each command in `dbt-heap --help`. Its module in this folder has the same name.
COMMANDS = {
    "sync": "Send new and changed rows to Heap.",
    "plan": "Count what `sync` would send. Sends and writes nothing.",
    "show": "Print the request bodies of the first rows. Sends nothing.",
    "ls": "List the declared syncs.",
    "check": "Report whether `sync` would run, and everything that would stop it.",
    "debug": "Show every setting with its origin, and test the connections.",
    "rejects": "Show rejected rows and their reasons.",
    "runs": "Show earlier runs.",
    "explain": "Explain for single keys what Heap has, and what the next sync would send.",
    "state": "Show, reset, rename or take over the state of syncs.",
    "schema": "Print the JSON Schema of `meta.heap`, or of heap_results.json.",
    "generate": "Draft a `meta.heap` block for a model.",
    "exposures": "Write syncs as dbt exposures, for the lineage graph and dbt docs.",
    "report": "Write an HTML report about syncs, their runs and rejected rows.",
    "listen": "Receive webhooks of the dbt platform, and sync when a job ends.",
    "sandbox": "Run a local server that behaves like Heap's API.",
}

_HAVE_OPTIONS = ("sync", "plan", "show", "rejects", "runs", "explain", "exposures", "report")

REPORTS_PROBLEM = "dbt_heap.reports_problem"  # in a context's `meta`: prints a problem as a line of the JSON log
FOUND_WORK = 3  # the exit code of a `--check`
INCOMPLETE = "dbt_heap.incomplete"  # in a context's `meta`: some syncs could not run


class CouldNotRun(click.ClickException):
    """End the command with a message and exit code 2."""

    exit_code = 2


class LazyGroup(click.Group):
    """Import a command's module when the command is called, so `--help` does not load dbt."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        # Importing dbt creates half a million objects; collecting garbage meanwhile would take half a second. gc.freeze
        # would save as much again at exit, but DuckDB then reports objects that were not collected.
        gc.set_threshold(100_000)
        module = importlib.import_module(f"dbt_heap.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options before the command, where dbt accepts its options too."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _suggested(error, suggestions.early_option(error.option_name, _options(self, ctx, "sync"))) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the one that was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise CouldNotRun(suggestions.unknown_command(args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Print a HeapError as its message; exit with 2, or with 1 if only some syncs could not run."""
        try:
            result = super().invoke(ctx)
        except click.exceptions.Exit as end:
            if INCOMPLETE in ctx.meta and end.exit_code in (0, FOUND_WORK):
                raise click.exceptions.Exit(1) from None
            raise
        except click.NoSuchOption as error:
            owners = {name: _options(self, ctx, name) for name in _HAVE_OPTIONS}
            raise _suggested(error, suggestions.unknown_option(error, owners)) from None
        except click.UsageError as error:
            raise _suggested(
                error, suggestions.unknown_state_command(error) or suggestions.extra_argument(error)
            ) from None
        except BrokenPipeError:  # the reader of stdout closed it
            streams.give_up(sys.stdout)
            ctx.exit(streams.PIPE_CLOSED)
        except HeapError as error:
            if REPORTS_PROBLEM not in ctx.meta:
                raise CouldNotRun(str(error)) from None
            ctx.meta[REPORTS_PROBLEM](str(error))
            ctx.exit(CouldNotRun.exit_code)
        if INCOMPLETE in ctx.meta:
            ctx.exit(1)
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _options(group: click.Group, ctx: click.Context, name: str) -> list[str]:
    command = group.get_command(ctx, name)
    return [option for parameter in command.params for option in parameter.opts] if command else []


def _suggested(error: click.UsageError, instead: str | None) -> click.ClickException:
    """Return an error that says what to type, or the one that click raised."""
    return CouldNotRun(instead) if instead else error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dbt-heap")
@click.pass_context
def group(context: click.Context) -> None:
    """Send what you compute in dbt to Heap.

    Declare a sync in `meta.heap` of a model. After `dbt run`, `dbt-heap sync` sends the rows that are new or changed
    since the last sync.

    Exit codes: 0 success; 1 some rows were rejected or not sent; 2 could not run; 3 a `--check` found something.
    """
    # As in dbt, before any option of the command reads its variable.
    context.obj = _load_env_file()


def _load_env_file() -> Callable[[], Any]:
    """Set the variables of `.env`, and return a function that returns the file or raises what is wrong with it.

    Only commands that read settings call it, so a broken file does not break `--help` or `schema`.
    """
    try:
        file = read_env_file()
    except SettingsError as refusal:
        return partial(_raise, refusal)
    os.environ.update(file.variables if file else {})
    return lambda: file


def _raise(refusal: SettingsError) -> None:
    raise refusal


def main() -> None:
    """Run the command line."""
    streams.prepare()
    streams.run(lambda: group(prog_name="dbt-heap"))
