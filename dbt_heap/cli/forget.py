"""`dbt-heap state forget`: the state lets go of people whom others have deleted in Heap."""

from __future__ import annotations

from typing import Any, TextIO

import click

from dbt_heap.cli.filters import key_file_option, key_lines
from dbt_heap.cli.options import output_options, project_options, settings_of
from dbt_heap.cli.start import begin_correct
from dbt_heap.errors import counted
from dbt_heap.state.deletion_log import Deletions, with_deletion_log
from dbt_heap.state.names import new_run_id
from dbt_heap.state.open import open_state


@click.command("forget")
@key_file_option("An identity a line;")
@click.option("--heap-user-id", is_flag=True, help="The keys are numbers of Heap's own SDK instead of identities.")
@click.option("--environment", help="Of a project with several: any one at the same host.")
@project_options
@output_options
def command(key_file: TextIO, heap_user_id: bool, environment: str | None, **shared: Any) -> None:
    """Purge people from the state who were deleted in Heap by other means, and never send them again.

    Heap is not asked to delete anybody. A digest of each key stays, by which syncs leave out who is known by it.
    """
    invocation = begin_correct(settings_of(**shared))
    keys = key_lines(key_file)
    with open_state(invocation, reads_models=False) as store:
        label = invocation.destination_of(environment, store.target).label
        deletions = Deletions(with_deletion_log(store.prepare()), label, new_run_id())
        deletions.forget("user_id" if heap_user_id else "identity", keys)
    people = f"{counted(len(keys), 'person', 'people')} {'has' if len(keys) == 1 else 'have'}"
    click.echo(f"{people} left the state, and no sync sends them any more")
