"""`dbt-heap state`: show, reset, rename, rebind, adopt; `forget` stands beside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from dbt_heap.cli import forget
from dbt_heap.cli.options import output_options, project_options, settings_of
from dbt_heap.cli.start import begin_for
from dbt_heap.cli.tables import print_table
from dbt_heap.errors import SettingsError
from dbt_heap.project.instants import parse_instant
from dbt_heap.project.nodes import Relation
from dbt_heap.state.admin import rebind, rename, reset
from dbt_heap.state.adoption import adopt_events, adopt_objects
from dbt_heap.state.open import open_state
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync


@click.group("state")
def command() -> None:
    """Look at the state, start over, follow a rename, accept a moved relation, take over, forget people."""


command.add_command(forget.command)


@command.command("show")
@project_options
@output_options
def show(**shared: Any) -> None:
    """Show where every sync stands, at every destination."""
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
@click.option("--environment", help="Of a sync that is not declared any more.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_options
@output_options
def reset_command(sync: str, environment: str | None, yes: bool, **shared: Any) -> None:
    """Start SYNC over: forget what Heap acknowledged.

    Its next run sends every row again. Events keep their idempotency keys, so that Heap recognises those it has.
    """
    invocation = begin_for(settings_of(**shared), sync)
    if not yes:
        click.confirm(f"The next sync of {sync} will send every row again. Start over?", abort=True)
    with open_state(invocation, reads_models=False) as store:
        reset(store, _label(invocation, sync, environment, store.target), sync)
    click.echo(f"{sync}: its next sync is a first one")


@command.command("rename")
@click.argument("older")
@click.argument("newer")
@project_options
@output_options
def rename_command(older: str, newer: str, **shared: Any) -> None:
    """Give the state of the sync OLDER to NEWER, with its idempotency keys, so that nothing is sent again."""
    invocation = begin_for(settings_of(**shared), newer)
    _declared(invocation, newer)
    with open_state(invocation, reads_models=False) as store:
        rename(store, _label(invocation, newer, None, store.target), older, newer, store.owner.project or None)
    click.echo(f"{newer}: goes on where {older} stood")


@command.command("rebind")
@click.argument("sync")
@project_options
@output_options
def rebind_command(sync: str, **shared: Any) -> None:
    """Accept that the model of SYNC is in another relation now, or that its dbt project has another name."""
    invocation = begin_for(settings_of(**shared), sync)
    declared = _declared(invocation, sync)
    with open_state(invocation) as store:
        rebind(store, _label(invocation, sync, None, store.target), declared, store.owner.project)
        of_project = f", of the dbt project {store.owner.project}" if store.owner.project else ""
    click.echo(f"{sync}: bound to {declared.model.relation}{of_project}")


@command.command("adopt")
@click.argument("sync")
@click.option(
    "--before", metavar="INSTANT", help="Of events: all earlier ones count as sent, such as 2026-11-25T00:00:00Z."
)
@click.option(
    "--from-relation", "given", metavar="TABLE", help="Of users and accounts: schema.table with what Heap has."
)
@project_options
@output_options
def adopt_command(sync: str, before: str | None, given: str | None, **shared: Any) -> None:
    """Begin SYNC where another tool stopped: what that has sent is not sent again. Sends nothing."""
    if (before is None) == (given is None):
        raise SettingsError("state adopt: one of --before and --from-relation is needed")
    invocation = begin_for(settings_of(**shared), sync)
    declared = _declared(invocation, sync)
    with open_state(invocation) as store:
        label = _label(invocation, sync, None, store.target)
        if before is not None:
            adopted = adopt_events(store, declared, label, _instant(before))
        else:
            adopted = adopt_objects(store, declared, label, _relation(given or ""))
    click.echo(
        f"{sync}: {adopted.rows:,} rows count as sent; `dbt-heap plan --select {declared.model.name}` counts the others"
    )
    for note in adopted.notes:
        click.echo(f"{sync}: {note}", err=True)
    if adopted.left_out:
        click.echo(f"{sync}: not in {given}, so that each row sends it: {', '.join(adopted.left_out)}")


def _instant(text: str) -> datetime:
    found = parse_instant(text)
    if found is None:
        raise SettingsError(
            "--before: an instant is needed, such as 2026-11-25T00:00:00Z; without an offset it is in UTC"
        )
    return found


def _relation(text: str) -> Relation:
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(parts):
        raise SettingsError("--from-relation: schema.table or database.schema.table is needed")
    return Relation(parts[0] if len(parts) == 3 else None, *parts[-2:])


def _declared(invocation: Invocation, name: str) -> Sync:
    for sync in invocation.declared:
        if sync.name == name:
            return sync
    known = ", ".join(sync.name for sync in invocation.declared) or "none"
    raise SettingsError(f"no model declares a sync named {name}; declared are: {known}")


def _label(invocation: Invocation, name: str, environment: str | None, target: str) -> str:
    """A sync's destination; one that is declared no more is looked for in the named or only environment."""
    declared = next((sync.environment for sync in invocation.declared if sync.name == name), None)
    return invocation.destination_of(environment or declared, target).label
