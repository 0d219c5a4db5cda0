"""`dbt-heap state`: show, reset, rename, rebind, adopt, forget."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TextIO

import click

from dbt_heap.cli.filters import key_file_option, key_lines
from dbt_heap.cli.options import output_options, project_options, settings_of
from dbt_heap.cli.start import begin_correct, begin_for
from dbt_heap.cli.tables import print_table
from dbt_heap.errors import SettingsError, counted
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.nodes import Relation
from dbt_heap.state.admin import adopt_events, adopt_objects, rebind, rename, reset
from dbt_heap.state.deletion_log import Deletions, with_deletion_log
from dbt_heap.state.names import new_run_id
from dbt_heap.state.open import open_state
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync


@click.group("state")
def command() -> None:
    """Show, reset, rename or take over the state of syncs, and purge people from it."""


@command.command("show")
@project_options
@output_options
def show(**shared: Any) -> None:
    """Show the state of every sync at every destination."""
    invocation = begin_for(settings_of(**shared))
    with open_state(invocation, reads_models=False) as store:
        declared = {sync.name for sync in invocation.declared} | invocation.broken
        rows = [
            (
                name, where, each.project or each.first_project, each.type, str(each.step), each.synced, each.relation,
                "yes" if name in declared else "no",
            )
            for (where, name), each in sorted(store.log.entries.items())
        ]  # fmt: skip
    header = ("sync", "destination", "project", "type", "last step", "table", "bound to", "declared")
    print_table(header, rows)


@command.command("reset")
@click.argument("sync")
@click.option("--environment", help="Heap environment of a sync that is no longer declared.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@project_options
@output_options
def reset_command(sync: str, environment: str | None, yes: bool, **shared: Any) -> None:
    """Start SYNC over.

    The next run sends every row again. Events keep their idempotency keys, so Heap recognises those it has.
    """
    invocation = begin_for(settings_of(**shared), sync)
    if not yes:
        click.confirm(f"The next sync of {sync} will send every row again. Start over?", abort=True)
    with open_state(invocation, reads_models=False) as store:
        reset(store, _label(invocation, sync, environment, store.target), sync)
    click.echo(f"{sync}: the next sync is a first sync")


@command.command("rename")
@click.argument("older")
@click.argument("newer")
@project_options
@output_options
def rename_command(older: str, newer: str, **shared: Any) -> None:
    """Rename a sync's state from OLDER to NEWER, keeping idempotency keys, so nothing is resent."""
    invocation = begin_for(settings_of(**shared), newer)
    _declared(invocation, newer)
    with open_state(invocation, reads_models=False) as store:
        rename(store, _label(invocation, newer, None, store.target), older, newer, store.owner.project or None)
    click.echo(f"{newer}: continues with the state of {older}")


@command.command("rebind")
@click.argument("sync")
@project_options
@output_options
def rebind_command(sync: str, **shared: Any) -> None:
    """Accept that the model of SYNC is now in another relation, or that its dbt project was renamed."""
    invocation = begin_for(settings_of(**shared), sync)
    declared = _declared(invocation, sync)
    with open_state(invocation) as store:
        rebind(store, _label(invocation, sync, None, store.target), declared, store.owner.project)
        of_project = f", of the dbt project {store.owner.project}" if store.owner.project else ""
    click.echo(f"{sync}: bound to {declared.model.relation}{of_project}")


@command.command("adopt")
@click.argument("sync")
@click.option(
    "--before", metavar="INSTANT", help="Events before this time count as sent. Example: 2026-11-25T00:00:00Z."
)
@click.option(
    "--from-relation", "given", metavar="TABLE", help="Table (schema.table) with the users or accounts that Heap has."
)
@project_options
@output_options
def adopt_command(sync: str, before: str | None, given: str | None, **shared: Any) -> None:
    """Start SYNC where another tool stopped: nothing that it sent is sent again. Sends nothing."""
    if (before is None) == (given is None):
        raise SettingsError("state adopt needs one of --before (events) and --from-relation (users, accounts)")
    invocation = begin_for(settings_of(**shared), sync)
    declared = _declared(invocation, sync)
    with open_state(invocation) as store:
        label = _label(invocation, sync, None, store.target)
        if before is not None:
            adopted = adopt_events(store, declared, label, _instant(before))
        else:
            adopted = adopt_objects(store, declared, label, _relation(given or ""))
    click.echo(
        f"{sync}: {counted(adopted.rows, 'row')} marked as sent. For the others, run: "
        f"dbt-heap plan --select {declared.model.name}"
    )
    for note in adopted.notes:
        click.echo(f"{sync}: {note}", err=True)
    if adopted.left_out:
        click.echo(f"{sync}: missing from {given}, so sent for every row: {', '.join(adopted.left_out)}")


@command.command("forget")
@key_file_option("One identity per line.")
@click.option("--heap-user-id", is_flag=True, help="The keys are the Heap SDK's numeric user IDs.")
@click.option("--environment", help="Heap environment, if the project has several: any one at the same host.")
@project_options
@output_options
def forget_command(key_file: TextIO, heap_user_id: bool, environment: str | None, **shared: Any) -> None:
    """Purge people from the state who were deleted directly in Heap, and never send them again.

    Heap is not asked to delete anyone. A digest of each key is kept, by which syncs skip these people.
    """
    invocation = begin_correct(settings_of(**shared))
    keys = key_lines(key_file)
    with open_state(invocation, reads_models=False) as store:
        label = invocation.destination_of(environment, store.target).label
        deletions = Deletions(with_deletion_log(store.prepare()), label, new_run_id())
        deletions.forget("user_id" if heap_user_id else "identity", keys)
    people = f"{counted(len(keys), 'person', 'people')} {'has' if len(keys) == 1 else 'have'}"
    click.echo(f"{people} been purged from the state. No sync sends them again.")


def _instant(text: str) -> datetime:
    found = parse_instant(text)
    if found is None:
        raise SettingsError("--before must be a time such as 2026-11-25T00:00:00Z (UTC if it has no offset)")
    return found


def _relation(text: str) -> Relation:
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(parts):
        raise SettingsError("--from-relation must be schema.table or database.schema.table")
    return Relation(parts[0] if len(parts) == 3 else None, *parts[-2:])


def _declared(invocation: Invocation, name: str) -> Sync:
    for sync in invocation.declared:
        if sync.name == name:
            return sync
    known = ", ".join(sync.name for sync in invocation.declared) or "none"
    raise SettingsError(f"no model declares a sync named {name}. Declared syncs: {known}")


def _label(invocation: Invocation, name: str, environment: str | None, target: str) -> str:
    """Return a sync's destination; for one that is no longer declared, in the given or only environment."""
    declared = next((sync.environment for sync in invocation.declared if sync.name == name), None)
    return invocation.destination_of(environment or declared, target).label
