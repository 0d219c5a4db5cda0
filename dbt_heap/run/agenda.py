"""Which syncs have their turn in a run, and which of them are held back by how dbt built their models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dbt_heap.declarations.sync import Sync
from dbt_heap.invocation import Invocation, bear
from dbt_heap.ledger.builds import read_builds
from dbt_heap.ledger.ledger import Ledger
from dbt_heap.run.judgement import gated
from dbt_heap.vanished import vanished


@dataclass(frozen=True)
class Agenda:
    """The syncs of one run, in their order."""

    syncs: tuple[Sync, ...]
    up_to_date: tuple[str, ...] = ()  # names of those whose models dbt has not built since
    held_back: Mapping[str, str] = field(default_factory=dict)  # name -> why its rows may not go, and what to do
    builds: Mapping[str, str] = field(default_factory=dict)  # name -> dbt's invocation that built the model
    warnings: tuple[str, ...] = ()


def agenda(invocation: Invocation, ledger: Ledger, *, built: bool, gate: bool) -> Agenda:
    """All selected syncs, or with `built` those that dbt has built since, as the warehouse's `builds` tell.

    Without `gate` none is held back. Raises StateError where `builds` tells nothing, WarehouseError; with --warn-error
    SettingsError where there is something to warn of.
    """
    missing = vanished(invocation, ledger)
    bear(missing, invocation.settings)
    if built:
        return replace(_of_builds(invocation, ledger, gate=gate), warnings=missing)
    warnings = (*invocation.gates.warnings, *missing)
    why = {sync.name: invocation.gates.why(sync.model.unique_id) if gate else "" for sync in invocation.selected}
    return Agenda(invocation.selected, held_back=_told(invocation.selected, why), warnings=warnings)


def _of_builds(invocation: Invocation, ledger: Ledger, *, gate: bool) -> Agenda:
    # Read before any model is: a build that comes between is synced once more, and never overlooked.
    builds = read_builds(ledger.state)
    newest = {sync.name: builds.newest(sync.model.unique_id) for sync in invocation.selected}
    due = tuple(
        each for each in invocation.selected if newest[each.name] not in (None, _synced(invocation, ledger, each))
    )
    why = {sync.name: builds.why(sync.model.unique_id) if gate else "" for sync in due}
    names = {sync.name for sync in due}
    return Agenda(
        due,
        up_to_date=tuple(sync.name for sync in invocation.selected if sync.name not in names),
        held_back=_told(due, why),
        builds={name: build for name, build in newest.items() if build},
    )


def _synced(invocation: Invocation, ledger: Ledger, sync: Sync) -> str | None:
    """dbt's invocation whose build was synced last."""
    _, label = invocation.known_destination(sync, ledger.target)
    newest = ledger.state.newest(label, sync.name)
    return newest.build if newest else None


def _told(syncs: tuple[Sync, ...], why: Mapping[str, str]) -> dict[str, str]:
    return {sync.name: gated(sync, why[sync.name]) for sync in syncs if why[sync.name]}
