"""`dbt-heap check`."""

from __future__ import annotations

from typing import Any

import click

from dbt_heap.cli.beginning import begin_correct, tell
from dbt_heap.cli.options import all_options, console_of, settings_of
from dbt_heap.invocation import bear
from dbt_heap.opening import open_ledger
from dbt_heap.vanished import vanished


@click.command("check")
@all_options
def command(**shared: Any) -> None:
    """Hold the declarations against the manifest and the warehouse's columns. All mistakes are told at once."""
    settings = settings_of(**shared)
    invocation = begin_correct(settings)
    selected = invocation.selected
    with console_of(settings) as console, open_ledger(invocation) as ledger:
        gone = vanished(invocation, ledger)
        tell(console, gone)
        bear(gone, settings)
        ledger.state.must_be_ours()
        ledger.check(selected)
        for sync in selected:
            _, label = invocation.known_destination(sync, ledger.target)
            for note in ledger.advice(sync, label):
                console.note(f"{sync.name}: {note}")
    click.echo(f"{len(selected)} syncs of {len({each.model.unique_id for each in selected})} models: all well")
