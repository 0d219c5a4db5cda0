"""`dbt-heap explain`: explanations as text or JSON on stdout."""

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
_COLUMNS = ("property", "in the warehouse", "acknowledged by Heap", "to send", "why")

_EVENTS = str(SyncType.EVENTS)


def write_explanations(explained: Sequence[Explained], output: str, context: Mapping[str, Any]) -> None:
    """Print explanations in one of the OUTPUTS; JSON includes the fields of the command's context."""
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
    known = any(each.warehouse is not None or each.acknowledged is not None for each in row.properties)
    if known and row.type != _EVENTS:
        print_table(_COLUMNS, map(_cells, row.properties))


def _lines(row: Explanation) -> Iterator[str]:
    if row.event_at:
        yield f"happened at {row.event_at}"
    if row.since:
        yield f"rejected since {row.since}"
    if row.acknowledged_at:
        how = "marked as sent by another tool at" if row.origin == "adopted" else "last acknowledged by Heap at"
        yield f"{how} {row.acknowledged_at}, in run {row.run_id}"
    if row.type == _EVENTS:  # their values are not compared
        yield from (f"{each.property}: {each.warehouse}" for each in row.properties if each.warehouse is not None)


def _cells(state: PropertyState) -> tuple[str | None, ...]:
    following = None if state.next is None else str(state.next)  # without a thousands separator
    return state.property, state.warehouse, state.acknowledged, following, state.why


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
@key_file_option("One key per line; a key of several columns as a JSON list.")
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@all_options
@click.pass_context
def command(ctx: click.Context, /, key_file: TextIO, output: str, **shared: Any) -> None:
    """Explain for single keys what the warehouse has, what Heap acknowledged, what the next sync sends, and why.

    A key is an identity, an account ID or an event's unique key; for an identity, its events are included. Keys are
    read from a file, because others can see the command line. Shows row values. Sends nothing.
    """
    invocation = begin(settings_of(**shared))
    explained = explanations(invocation, _keys(key_file))
    write_explanations(explained, output, context_fields())
    ctx.exit(2 if any(each.error for each in explained) else 0)


def _keys(file: TextIO) -> list[Key]:
    """Return the distinct keys. Raises SettingsError if there are none or too many; the message contains no key."""
    keys = list(dict.fromkeys(map(_key, key_lines(file))))
    if len(keys) > MAX_KEYS:
        raise SettingsError(f"--key-file has {len(keys):,} keys; explain takes at most {MAX_KEYS}")
    return keys


def _key(line: str) -> Key:
    """Return a line as it is, or the parts of a JSON list with several."""
    if not line.startswith("["):
        return line
    try:
        parts = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    several = isinstance(parts, list) and len(parts) > 1
    whole = several and all(isinstance(each, (str, int)) and not isinstance(each, bool) for each in parts)
    return tuple(map(str, parts)) if whole else line
