"""Syncs that have state, and that no model declares any more."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from dbt_heap.errors import SettingsError
from dbt_heap.state.compare import Ledger
from dbt_heap.state.log import LogEntry
from dbt_heap.syncs.invocation import Invocation


def vanished(invocation: Invocation, ledger: Ledger) -> tuple[str, ...]:
    """What there is to warn of where dbt 2 wrote the manifest: a sync that has state, and is not declared any more."""
    if not invocation.manifest.of_dbt_2:
        return ()
    return tuple(
        f"{name} was synced before, and the manifest declares it no more. dbt 2 drops a `meta` that does not stand "
        f"under `config:`. If it is gone for good: dbt-heap state reset {name}"
        for name in undeclared(invocation, ledger)
    )


def undeclared(invocation: Invocation, ledger: Ledger) -> Mapping[str, LogEntry]:
    """The syncs that have state under the ledger's target, and that no model declares any more."""
    found: dict[str, LogEntry] = {}
    for environment in invocation.project.heap_vars.environment_names:
        with suppress(SettingsError):  # no app id is known, so that nothing can have been sent there
            found.update(ledger.undeclared(invocation.destination_of(environment, ledger.target).label))
    return dict(sorted(found.items()))
