"""`dbt-heap ls`."""

from __future__ import annotations

from typing import Any

import click
import orjson

from dbt_heap.cli.options import all_options, settings_of
from dbt_heap.cli.start import begin
from dbt_heap.cli.tables import print_table
from dbt_heap.syncs.sync import Sync

_COLUMNS = ("sync", "type", "environment", "key", "properties", "model")


@click.command("ls")
@click.option("--output", type=click.Choice(["text", "name", "json"]), default="text", show_default=True)
@all_options
def command(output: str, **shared: Any) -> None:
    """List the declared syncs. Needs only the manifest."""
    invocation = begin(settings_of(**shared), opens=False)
    if output == "name":
        for each in invocation.selected:
            click.echo(each.name)
    elif output == "json":
        click.echo(orjson.dumps([_as_json(each) for each in invocation.selected], option=orjson.OPT_INDENT_2))
    else:
        print_table(_COLUMNS, map(_as_row, invocation.selected), numbers=frozenset({"properties"}))


def _as_row(sync: Sync) -> tuple[Any, ...]:
    return (sync.name, sync.type, sync.environment, sync.key, len(sync.properties), sync.model.unique_id)


def _as_json(sync: Sync) -> dict[str, Any]:
    return {
        "name": sync.name,
        "type": str(sync.type),
        "environment": sync.environment,
        "key": list(sync.key_columns),
        "properties": dict(sync.properties),
        "model": sync.model.unique_id,
        "relation": str(sync.model.relation),
        "file": sync.model.file,
    }
