"""Which syncs have their turn in a run, which are held back by how dbt built their models, and which are missing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from dbt_heap.declarations.sync import Sync
from dbt_heap.errors import SettingsError
from dbt_heap.invocation import Invocation, bear
from dbt_heap.judgement import gated
from dbt_heap.ledger.builds import read_builds
from dbt_heap.ledger.entries import Entry
from dbt_heap.ledger.ledger import Ledger


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


def vanished(invocation: Invocation, ledger: Ledger) -> tuple[str, ...]:
    """What there is to warn of where dbt 2 wrote the manifest: a sync that has state, and is not declared any more."""
    if not invocation.manifest.of_dbt_2:
        return ()
    return tuple(
        f"{name} was synced before, and the manifest declares it no more. dbt 2 drops a `meta` that does not stand "
        f"under `config:`. If it is gone for good: dbt-heap state reset {name}"
        for name in undeclared(invocation, ledger)
    )


def undeclared(invocation: Invocation, ledger: Ledger) -> Mapping[str, Entry]:
    """The syncs that have state under the ledger's target, and that no model declares any more."""
    found: dict[str, Entry] = {}
    for environment in invocation.project.heap_vars.environment_names:
        with suppress(SettingsError):  # no app id is known, so that nothing can have been sent there
            found.update(ledger.undeclared(invocation.destination_of(environment, ledger.target).label))
    return dict(sorted(found.items()))


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
