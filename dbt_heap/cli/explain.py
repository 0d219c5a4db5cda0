"""`dbt-heap explain`."""

from __future__ import annotations

from typing import Any, TextIO

import click
import orjson

from dbt_heap.cli.beginning import begin, context_fields
from dbt_heap.cli.explanation_output import OUTPUTS, write_explanations
from dbt_heap.cli.key_file import key_file_option, key_lines
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.errors import SettingsError
from dbt_heap.preview import Key, explanations

MAX_KEYS = 100


@click.command("explain")
@key_file_option("A key a line; one of several columns as a JSON list.")
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@all_options
@click.pass_context
def command(ctx: click.Context, /, key_file: TextIO, output: str, **shared: Any) -> None:
    """Tell of some keys what the warehouse has, what Heap acknowledged and when, what it would get next, and why.

    A key is an identity, an account's id or an event's unique key; of an identity all events are told, too. Keys are
    read from a file, so that none is on a command line, which others can see. This command shows rows' values: that is
    what it is for. Sends nothing.
    """
    invocation = begin(settings_of(**shared))
    explained = explanations(invocation, _keys(key_file))
    write_explanations(explained, output, context_fields())
    ctx.exit(2 if any(each.error for each in explained) else 0)


def _keys(file: TextIO) -> list[Key]:
    """The keys, each once. Raises SettingsError where there is none, or too many; it repeats no key."""
    keys = list(dict.fromkeys(map(_key, key_lines(file))))
    if len(keys) > MAX_KEYS:
        raise SettingsError(f"--key-file: it holds {len(keys):,} keys; at most {MAX_KEYS} are explained at once")
    return keys


def _key(line: str) -> Key:
    """A line as it is, or the parts of a JSON list of several."""
    if not line.startswith("["):
        return line
    try:
        parts = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    several = isinstance(parts, list) and len(parts) > 1
    whole = several and all(isinstance(each, (str, int)) and not isinstance(each, bool) for each in parts)
    return tuple(map(str, parts)) if whole else line
