"""`dbt-heap schema`."""

from __future__ import annotations

import click
import orjson

from dbt_heap.delivery.results import results_schema
from dbt_heap.syncs.block import block_schema


@click.command("schema")
@click.option("--results", is_flag=True, help="Print the schema of heap_results.json instead.")
def command(results: bool) -> None:
    """Print the JSON Schema of `meta.heap`, for editors."""
    click.echo(orjson.dumps(results_schema() if results else block_schema(), option=orjson.OPT_INDENT_2))
