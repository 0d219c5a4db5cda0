"""The command `dbt-heap`: a list of commands, none of which is imported before it is called."""

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
from dbt_heap.cli import streams
from dbt_heap.errors import HeapError, SettingsError

# command -> what `dbt-heap --help` says of it; the module of the same name in this folder holds it
COMMANDS = {
    "sync": "Send what is new or changed, and remember what Heap acknowledged.",
    "plan": "Count what a sync would send. Sends and writes nothing.",
    "show": "Print the exact requests of the first rows. Sends nothing.",
    "ls": "List the declared syncs.",
    "check": "Hold the declarations against the manifest and the warehouse's columns.",
    "debug": "Try profile, warehouse, state schema and Heap connection settings.",
    "rejects": "Show which rows stand rejected, and why.",
    "runs": "Show earlier runs.",
    "explain": "Tell of some keys what Heap has, what it would get, and why.",
    "state": "Look at the state, start over, follow a renamed sync, accept a moved relation, take over.",
    "schema": "Print the JSON Schema of `meta.heap`, or of heap_results.json.",
    "generate": "Propose `meta.heap` for a model, as YAML to paste.",
    "exposures": "Write the declared syncs as exposures, for dbt's graph and docs.",
    "report": "Write a page about the syncs: where rows go, what became of them, what to mend.",
    "listen": "Receive dbt Cloud's webhooks, and sync a job when a run of it ends.",
    "sandbox": "Run a local server that behaves as Heap's documentation says.",
}

_HAVE_OPTIONS = ("sync", "plan", "show", "rejects", "runs", "explain", "exposures", "report")

TELLS = "dbt_heap.tells"  # in a context's `meta`: what tells a problem where the log has lines of JSON
FOUND_WORK = 3  # the exit code of a `--check`
INCOMPLETE = "dbt_heap.incomplete"  # in a context's `meta`: the command left out what could not run


class CouldNotRun(click.ClickException):
    """Ends the command with a sentence and exit code 2."""

    exit_code = 2


class LazyGroup(click.Group):
    """Loads a command's module when the command is called: `--help` waits for no warehouse driver."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of their use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        # dbt's modules are half a million objects, and looking through them as they are made takes half a second.
        # (gc.freeze would save one more at the end, and have DuckDB tell of objects that were not collected.)
        gc.set_threshold(100_000)
        module = importlib.import_module(f"dbt_heap.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command; dbt takes its options there, too."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise _sentence(error, _unknown().early_option(error.option_name, _options(self, ctx, "sync"))) from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the one that was meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise CouldNotRun(_unknown().unknown_command(args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. An error of ours is printed in its own words; exit code 2, or 1 if something was left out."""
        try:
            result = super().invoke(ctx)
        except click.exceptions.Exit as end:
            if INCOMPLETE in ctx.meta and end.exit_code in (0, FOUND_WORK):
                raise click.exceptions.Exit(1) from None
            raise
        except click.NoSuchOption as error:
            owners = {name: _options(self, ctx, name) for name in _HAVE_OPTIONS}
            raise _sentence(error, _unknown().unknown_option(error, owners)) from None
        except click.UsageError as error:
            raise _sentence(
                error, _unknown().unknown_state_command(error) or _unknown().extra_argument(error)
            ) from None
        except BrokenPipeError:  # the reader of stdout has had enough
            streams.give_up(sys.stdout)
            ctx.exit(streams.PIPE_CLOSED)
        except HeapError as error:
            if TELLS not in ctx.meta:
                raise CouldNotRun(str(error)) from None
            ctx.meta[TELLS](str(error))
            ctx.exit(CouldNotRun.exit_code)
        if INCOMPLETE in ctx.meta:
            ctx.exit(1)
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists them without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _unknown() -> Any:
    """What answers what does not exist, loaded only then."""
    return importlib.import_module("dbt_heap.cli.suggestions")


def _options(group: click.Group, ctx: click.Context, name: str) -> list[str]:
    command = group.get_command(ctx, name)
    return [option for parameter in command.params for option in parameter.opts] if command else []


def _sentence(error: click.UsageError, instead: str | None) -> click.ClickException:
    """Return an error that says what to type, or the one that click raised."""
    return CouldNotRun(instead) if instead else error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dbt-heap")
@click.pass_context
def group(context: click.Context) -> None:
    """Tag a dbt model, run dbt, and its rows are in Heap.

    After `dbt run`, `dbt-heap sync` reads manifest.json and the models that bear `meta.heap`, and sends what is new or
    changed since the last sync.

    Exit codes: 0 well; 1 rows were rejected, undelivered or refused; 2 it could not run; 3 a `--check` found work.
    """
    # As in dbt, before any option of the command looks at its variable.
    context.obj = _load_env_file()


def _load_env_file() -> Callable[[], Any]:
    """Set the variables of `.env`, and return what gives the file, or raises what is wrong with it.

    Raised by the commands that read settings alone: no help and no schema waits for a file to be fixed.
    """
    environment = importlib.import_module("dbt_heap.project.environment")  # `--help` of all commands needs none
    try:
        file = environment.read_env_file()
    except SettingsError as refusal:
        return partial(_raise, refusal)
    os.environ.update(file.variables if file else {})
    return lambda: file


def _raise(refusal: SettingsError) -> None:
    raise refusal


def main() -> None:
    """Runs the command line."""
    streams.prepare()
    streams.run(lambda: group(prog_name="dbt-heap"))
