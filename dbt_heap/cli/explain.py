"""Explanations as text for people or as JSON, on stdout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, TextIO

import click
import orjson

from dbt_heap.cli.filters import key_file_option, key_lines
from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.start import begin, context_fields
from dbt_heap.cli.tables import print_table
from dbt_heap.errors import SettingsError, printable
from dbt_heap.reports.explain import Explained, Explanation, Key, PropertyState, explanations
from dbt_heap.syncs.sync import SyncType

OUTPUTS = ("text", "json")
_COLUMNS = ("property", "in the warehouse", "Heap acknowledged", "would be sent", "why")

_EVENTS = str(SyncType.EVENTS)


def write_explanations(explained: Sequence[Explained], output: str, context: Mapping[str, Any]) -> None:
    """Write them in one of the OUTPUTS; as JSON, each has the fields of the command's context too."""
    if output == "json":
        found = [{**context, **_as_json(each)} for each in explained]
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        return
    for each in explained:
        click.echo(f"{each.sync.name} ({each.sync.type}, {each.sync.model.relation})")
        for line in [each.error] if each.error else each.notes:
            click.echo(f"  {line}")
        for row in each.rows:
            _write(row)
        click.echo()


def _write(row: Explanation) -> None:
    click.echo(printable(f"  {row.key}: {row.sentence}"))
    for line in _lines(row):
        click.echo(printable(f"    {line}"))
    known = any(told.warehouse is not None or told.acknowledged is not None for told in row.properties)
    if known and row.type != _EVENTS:
        print_table(_COLUMNS, map(_cells, row.properties))


def _lines(row: Explanation) -> Iterator[str]:
    if row.event_at:
        yield f"happened at {row.event_at}"
    if row.since:
        yield f"rejected since {row.since}"
    if row.acknowledged_at:
        how = "counts as sent by another tool since" if row.origin == "adopted" else "Heap acknowledged it last at"
        yield f"{how} {row.acknowledged_at}, in run {row.run_id}"
    if row.type == _EVENTS:  # which are many, and whose values are compared with none
        yield from (f"{told.property}: {told.warehouse}" for told in row.properties if told.warehouse is not None)


def _cells(told: PropertyState) -> tuple[str | None, ...]:
    following = None if told.next is None else str(told.next)  # as it is, without a thousands separator
    return told.property, told.warehouse, told.acknowledged, following, told.why


def _as_json(explained: Explained) -> dict[str, Any]:
    sync = explained.sync
    return {
        "sync": sync.name,
        "type": str(sync.type),
        "model": sync.model.unique_id,
        "notes": explained.notes,
        "error": explained.error,
        "keys": [_row_as_json(row) for row in explained.rows],
    }


def _row_as_json(row: Explanation) -> dict[str, Any]:
    plain = {each.name: getattr(row, each.name) for each in fields(row) if each.name not in ("sync", "type")}
    return {**plain, "next_action": str(row.next_action), "sentence": row.sentence}


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
