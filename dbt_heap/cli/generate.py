"""`dbt-heap generate`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.options import console_of, output_options, project_options, settings_of
from dbt_heap.errors import Messages
from dbt_heap.state.open import built_columns
from dbt_heap.syncs.generate.draft import draft
from dbt_heap.syncs.sync import SyncType

# dbt-heap never proposes to delete users.
_TYPES = [str(each) for each in SyncType if each is not SyncType.USER_DELETIONS]


@click.command("generate")
@click.argument("model")
@click.option("--type", "sync_type", type=click.Choice(_TYPES), help="Type of the sync.")
@project_options
@output_options
def command(model: str, sync_type: str | None, **shared: Any) -> None:
    """Draft a `meta.heap` block for MODEL.

    MODEL is a model, snapshot, seed or source of the manifest. Review the draft, edit it and paste it: each guess
    comes with its reason.
    """
    settings = settings_of(**shared)
    messages, console = Messages(warn_error=settings.warn_error), console_of(settings)
    messages.report_to(console.warn, console.note)
    click.echo(draft(settings, model, SyncType(sync_type) if sync_type else None, built_columns, messages), nl=False)
