"""`dbt-heap generate`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.options import console_of, output_options, project_options, settings_of
from dbt_heap.cli.start import tell
from dbt_heap.state.open import built_columns
from dbt_heap.syncs.generate.draft import draft
from dbt_heap.syncs.sync import SyncType

# Whom to delete is nothing to guess.
_TYPES = [str(each) for each in SyncType if each is not SyncType.USER_DELETIONS]


@click.command("generate")
@click.argument("model")
@click.option("--type", "sync_type", type=click.Choice(_TYPES), help="What the rows are.")
@project_options
@output_options
def command(model: str, sync_type: str | None, **shared: Any) -> None:
    """Propose `meta.heap` for MODEL, as YAML to paste.

    MODEL is any model, snapshot, seed or source of the manifest. Each line says that it is a guess, and why.
    """
    settings = settings_of(**shared)
    made = draft(settings, model, SyncType(sync_type) if sync_type else None, built_columns)
    tell(console_of(settings), made.warnings, made.notes)
    click.echo(made.text, nl=False)
