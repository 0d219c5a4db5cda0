"""Whether `sync` would run: for `check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbt_heap.errors import DeclarationError, SettingsError, StateError
from dbt_heap.project.artifacts import load_manifest
from dbt_heap.project.source_files import newer_files
from dbt_heap.project.unread_declarations import misplaced_blocks
from dbt_heap.reports.plan import run_refusal
from dbt_heap.state.open import open_state, undeclared_in_dbt_2, undeclared_syncs
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.store import StateStore
from dbt_heap.state.sync_state import SyncState
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, mistakes_of


@dataclass(frozen=True)
class Readiness:
    """What `sync` would do now, in sentences."""

    problems: tuple[str, ...]  # it would stop with these
    held_back: tuple[str, ...]  # syncs that a failed build or test blocks
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def readiness(invocation: Invocation) -> Readiness:
    """Return what `sync` would do, without sending or writing. Raises HeapError if that cannot be determined."""
    with open_state(invocation) as store:
        gates = invocation.gates
        return Readiness(
            problems=tuple(dict.fromkeys(_problems(invocation, store))),
            held_back=tuple(_held_back(invocation)),
            warnings=(*_warnings(invocation, store), *store.warnings(), *gates.warnings),
            notes=(*store.notes(), *gates.notes, *_notes(invocation, store)),
        )


def _problems(invocation: Invocation, store: StateStore) -> Iterator[str]:
    try:
        store.raise_if_shared()
    except StateError as refusal:
        yield str(refusal)
    if invocation.mistaken:
        yield from map(str, mistakes_of(invocation.mistaken).mistakes)
    for sync in invocation.selected:
        try:
            store.models.check([sync], among=invocation.selected)
        except DeclarationError as mistakes:
            yield from map(str, mistakes.mistakes)
        else:
            yield from _refusals(invocation, store, sync)


def _refusals(invocation: Invocation, store: StateStore, sync: Sync) -> Iterator[str]:
    """Yield why a run would stop at a sync because of its state."""
    label = invocation.known_label(sync, store.target)
    if not label:
        return
    try:
        state = SyncState(store, sync, label)
        comparison = state.compare(DiffOptions())
        if stop := state.stop_reason():
            yield stop
        elif comparison.changes_key and (why := run_refusal(comparison.preview())):
            yield f"{sync.name}: {why.removeprefix(f'{sync.name}: ')}"
    except StateError as refusal:
        yield str(refusal)


def _held_back(invocation: Invocation) -> Iterator[str]:
    for sync in invocation.selected:
        if why := invocation.gates.reason(sync.model.unique_id):
            yield f"{sync.name} would not be sent: {why}"


def _warnings(invocation: Invocation, store: StateStore) -> Iterator[str]:
    causes: dict[str, list[str]] = {}
    for sync in invocation.selected:
        try:
            invocation.destination(sync, store.target)
        except SettingsError as missing:
            causes.setdefault(str(missing), []).append(sync.name)
    for cause, names in causes.items():
        yield f"`sync` would stop at {', '.join(names)}: {cause}"
    yield from undeclared_in_dbt_2(invocation, store)
    for name in () if invocation.manifest.of_dbt_2 else undeclared_syncs(invocation, store):
        yield (
            f"{name} was synced before, but no model declares it now. If you renamed it, add `renamed_from: {name}` to "
            f"its new block. If you removed it for good, run: dbt-heap state reset {name}"
        )
    yield from misplaced_blocks(load_manifest(invocation.manifest_path))
    settings, project = invocation.settings, invocation.project
    if project.raw and not settings.from_elsewhere:
        newer = newer_files(settings.project_dir, project.raw, invocation.manifest.generated_at)
        if newer:
            verb = "is" if len(newer) == 1 else "are"
            what = f"{', '.join(newer)} {verb} newer than {invocation.manifest_path}"
            yield f"{what}, so changes there have no effect yet. Run `dbt parse`."


def _notes(invocation: Invocation, store: StateStore) -> Iterator[str]:
    for sync in invocation.selected:
        label = invocation.known_label(sync, store.target)
        state = SyncState(store, sync, label)
        if older := state.earlier_name():
            yield f"{sync.name}: `sync` takes over the state of {older} (renamed_from)"
        for note in state.account_notes(invocation.project.heap_vars.account_id_property):
            yield f"{sync.name}: {note}"
