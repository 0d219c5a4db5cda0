"""What a pull request changes: the syncs compared with another manifest and another target's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbt_heap.errors import StateError
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.manifest import read_manifest
from dbt_heap.project.nodes import Manifest
from dbt_heap.reports.plan import Preview, preview_of
from dbt_heap.state.open import open_state, undeclared_syncs
from dbt_heap.state.plan import DiffOptions
from dbt_heap.state.store import StateStore
from dbt_heap.syncs.absence import absent
from dbt_heap.syncs.declare import declare
from dbt_heap.syncs.invocation import Invocation
from dbt_heap.syncs.sync import Sync, SyncType


@dataclass(frozen=True)
class Change:
    """One difference between two declarations of a sync."""

    key: str  # of the declaration
    text: str
    rekeys: bool = False  # Heap would treat known rows as different ones


_ANOTHER = {
    SyncType.USER_PROPERTIES: "Heap would create every user a second time and keep the old ones",
    SyncType.ACCOUNT_PROPERTIES: "Heap would create every account a second time and keep the old ones",
    SyncType.EVENTS: "Heap would record events a second time, unless the key values stay the same",
    SyncType.USER_DELETIONS: "Heap would be asked to delete different users",
}


def changes(before: Sync, after: Sync) -> tuple[Change, ...]:
    """Return all differences, those that change keys first."""
    found = [*_keys(before, after), *_settings(before, after), *_properties(before, after)]
    return tuple(sorted(found, key=lambda change: not change.rekeys))


def _keys(before: Sync, after: Sync) -> Iterator[Change]:
    if before.type is not after.type:
        yield Change("type", f"{before.type} -> {after.type}: the state cannot be reused; give the sync another name")
        return
    if before.key_columns != after.key_columns:
        key = "unique_key" if after.type is SyncType.EVENTS else _subject(after)
        yield Change(
            key, f"{_written(before.key_columns)} -> {_written(after.key_columns)}: {_ANOTHER[after.type]}", True
        )
    if after.type is SyncType.EVENTS:
        if before.idempotency_key != after.idempotency_key:
            change = f"{_written(before.idempotency_key)} -> {_written(after.idempotency_key)}"
            yield Change("idempotency_key", f"{change}: Heap would count an event sent again as a new one", True)
        if (_subject(before), before.subject_column) != (_subject(after), after.subject_column):
            change = f"{_subject(before)}: {before.subject_column} -> {_subject(after)}: {after.subject_column}"
            yield Change(_subject(after), f"{change}: future events belong to other users")


def _subject(sync: Sync) -> str:
    return next(key for key in ("identity", "heap_user_id", "account_id") if getattr(sync, key) or key == "account_id")


def _settings(before: Sync, after: Sync) -> Iterator[Change]:
    old, new = _settings_of(before), _settings_of(after)
    for key, value in new.items():
        if old[key] != value:
            yield Change(key, f"{_written(old[key])} -> {_written(value)}")


def _settings_of(sync: Sync) -> Mapping[str, Any]:
    """Return the other keys of a block with their values."""
    plain = (
        "environment", "event_name", "event_name_column", "timestamp", "session_id", "properties_column", "begin",
        "lookback", "timezone", "max_rows", "allow_rejected", "log",
    )  # fmt: skip
    return {
        "model": sync.model.unique_id,
        **{key: getattr(sync, key) for key in plain},
        "nulls": "blank" if sync.blank_nulls else "omit",
        "too_long": "reject" if sync.reject_too_long else "truncate",
        "null_identity": "skip" if sync.skip_null_identity else "reject",
    }


def _properties(before: Sync, after: Sync) -> Iterator[Change]:
    gone = {name: column for name, column in before.properties.items() if name not in after.properties}
    new = {name: column for name, column in after.properties.items() if name not in before.properties}
    rows = "for new events only" if after.type is SyncType.EVENTS else "for every row"
    for name, column in new.items():
        older = next((each for each, its in gone.items() if its == column), None)
        if older is None:
            yield Change("properties", f"{name} is a new property: it is sent {rows}")
        else:
            del gone[older]
            yield Change("properties", f"{older} is now {name}: it is sent {rows}, and Heap keeps {older} as it is")
    for name in gone:
        yield Change("properties", f"{name} is no longer sent: Heap keeps its last values")
    for name, column in after.properties.items():
        if before.properties.get(name, column) != column:
            yield Change("properties", f"{name} now comes from {column} instead of {before.properties[name]}")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else str(value)


_NOWHERE = "no model declares it in either manifest"
ADDED, CHANGED, REMOVED, SAME = "added", "changed", "removed", "unchanged"


@dataclass(frozen=True)
class Reviewed:
    """What changes about one sync."""

    name: str
    type: str
    status: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    preview: Preview | None = None  # None if its rows cannot be counted

    @property
    def rekeys(self) -> bool:
        """Return whether Heap would treat known rows as different ones."""
        return any(change.rekeys for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        """Return the review as fields of JSON output, named as in `plan`."""
        return {
            "sync": self.name,
            "type": self.type,
            "status": self.status,
            "rekeys": self.rekeys,
            "changes": [{"key": each.key, "text": each.text, "rekeys": each.rekeys} for each in self.changes],
            "notes": list(self.notes),
            "plan": self.preview.as_json() if self.preview else None,
        }


@dataclass(frozen=True)
class Review:
    """All syncs of both manifests, and warnings."""

    syncs: tuple[Reviewed, ...]
    warnings: tuple[str, ...]

    @property
    def changes_something(self) -> bool:
        """Return whether any declaration differs; rows alone do not count."""
        return any(each.status != SAME for each in self.syncs)


def review(invocation: Invocation, options: DiffOptions, folder: Path, target: str) -> Review:
    """Return the selected syncs, and those that only the manifest in `folder` declares.

    The state is that of dbt target `target`. The manifest in `folder` must be built under it; this one need not be.
    Nothing is written. Raises HeapError.
    """
    path = folder / "manifest.json"
    manifest = read_manifest(path)
    base, warnings = _declared(path, manifest, invocation.project.heap_vars)
    there = replace(invocation, settings=replace(invocation.settings, target=target))
    with open_state(there, built=(path, manifest)) as store:
        kept = [_kept(invocation, store, sync, base.get(sync.name), options) for sync in invocation.selected]
        removed = list(_removed(invocation, store, base))
    return Review((*kept, *removed), warnings)


def _declared(path: Path, manifest: Manifest, heap_vars: HeapVars) -> tuple[dict[str, Sync], tuple[str, ...]]:
    """Return the syncs of another manifest, without those whose declarations have mistakes: this one may fix them."""
    declarations = declare(manifest.models, heap_vars)
    wrong = sorted({each.model.name for each in declarations.mistaken})
    warning = f"{path}: its declarations of {', '.join(wrong)} have mistakes and are not compared"
    return {sync.name: sync for sync in declarations.syncs}, (warning,) if wrong else ()


def _kept(invocation: Invocation, store: StateStore, sync: Sync, before: Sync | None, options: DiffOptions) -> Reviewed:
    found = changes(before, sync) if before else ()
    status = ADDED if before is None else CHANGED if found else SAME
    preview, notes = _counted(invocation, store, sync, options)
    return Reviewed(sync.name, str(sync.type), status, found, notes, preview)


def _counted(
    invocation: Invocation, store: StateStore, sync: Sync, options: DiffOptions
) -> tuple[Preview | None, tuple[str, ...]]:
    """Return the plan of a sync, or why its rows cannot be counted."""
    if not invocation.known_label(sync, store.target):
        return None, (f"rows not counted: no Environment ID for target {store.target}",)
    if absence := store.models.absence(sync):
        missing = f"{sync.model.relation} does not exist in target {store.target}"
        why = absent([sync.model], absence) if absence.granted else missing
        return None, (f"rows not counted: {why}",)
    store.models.check([sync])
    try:
        preview = preview_of(invocation, store, sync, replace(options, bound=False))
    except StateError as refusal:
        return None, (f"`sync` would stop: {str(refusal).removeprefix(f'{sync.name}: ')}",)
    return preview, tuple(preview.notes())


def _removed(invocation: Invocation, store: StateStore, base: dict[str, Sync]) -> Iterator[Reviewed]:
    """Yield syncs that are no longer declared, whatever is selected, because no selection can name them."""
    declared = {sync.name for sync in invocation.declared} | invocation.broken
    heirs = {older: sync.name for sync in invocation.declared for older in sync.renamed_from or ()}
    have_state = undeclared_syncs(invocation, store)
    for name, entry in have_state.items():
        if name not in base:
            yield Reviewed(name, entry.type, REMOVED, notes=(_NOWHERE, _state_stays(name)))
    for name, sync in base.items():
        if name in invocation.disabled:
            yield Reviewed(name, str(sync.type), REMOVED, notes=("disabled by `enabled: false`",))
        elif name not in declared:
            lost = sync.model.unique_id in invocation.manifest.unique_ids
            why = f"{sync.model.name} no longer declares it" if lost else f"{sync.model.name} was removed"
            stays = (_state_stays(name),) if name in have_state else ()
            if name in heirs:
                stays = (f"{heirs[name]} takes over its state (renamed_from)",)
            yield Reviewed(name, str(sync.type), REMOVED, notes=(why, *stays))


def _state_stays(name: str) -> str:
    return f"Heap keeps its data. To remove its state: dbt-heap state reset {name}"
