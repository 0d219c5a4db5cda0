"""What a pull request changes: the syncs held against those of another manifest and another target's state."""

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
from dbt_heap.warehouse.target_check import ReadManifest, must_be_of_active_target


@dataclass(frozen=True)
class Change:
    """One difference, in the declaration's terms."""

    key: str  # of the declaration
    text: str
    rekeys: bool = False  # rows that Heap has are other ones from now on


_ANOTHER = {
    SyncType.USER_PROPERTIES: "every row is another user to Heap, all are sent anew, and the old ones stay",
    SyncType.ACCOUNT_PROPERTIES: "every row is another account to Heap, all are sent anew, and the old ones stay",
    SyncType.EVENTS: "events that Heap has are sent once more under other keys, unless the values are the same",
    SyncType.USER_DELETIONS: "every row is another person, whom Heap would be asked to delete",
}


def changes(before: Sync, after: Sync) -> tuple[Change, ...]:
    """All of them, those that re-key first."""
    found = [*_keys(before, after), *_settings(before, after), *_properties(before, after)]
    return tuple(sorted(found, key=lambda change: not change.rekeys))


def _keys(before: Sync, after: Sync) -> Iterator[Change]:
    if before.type is not after.type:
        yield Change("type", f"{before.type} -> {after.type}: its state will not do; give the sync another name")
        return
    if before.key_columns != after.key_columns:
        key = "unique_key" if after.type is SyncType.EVENTS else _subject(after)
        yield Change(
            key, f"{_written(before.key_columns)} -> {_written(after.key_columns)}: {_ANOTHER[after.type]}", True
        )
    if after.type is SyncType.EVENTS:
        if before.idempotency_key != after.idempotency_key:
            told = f"{_written(before.idempotency_key)} -> {_written(after.idempotency_key)}"
            yield Change("idempotency_key", f"{told}: what is sent again is another event to Heap", True)
        if (_subject(before), before.subject_column) != (_subject(after), after.subject_column):
            told = f"{_subject(before)}: {before.subject_column} -> {_subject(after)}: {after.subject_column}"
            yield Change(_subject(after), f"{told}: events from now on belong to other users")


def _subject(sync: Sync) -> str:
    return next(key for key in ("identity", "heap_user_id", "account_id") if getattr(sync, key) or key == "account_id")


def _settings(before: Sync, after: Sync) -> Iterator[Change]:
    old, new = _told(before), _told(after)
    for key, value in new.items():
        if old[key] != value:
            yield Change(key, f"{_written(old[key])} -> {_written(value)}")


def _told(sync: Sync) -> Mapping[str, Any]:
    """What a block says beside keys and properties, under the block's own keys."""
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
    every = "of new events alone" if after.type is SyncType.EVENTS else "for every row"
    for name, column in new.items():
        older = next((each for each, its in gone.items() if its == column), None)
        if older is None:
            yield Change("properties", f"{name} is new to Heap: it is sent {every}")
        else:
            del gone[older]
            yield Change("properties", f"{older} is {name} now: it is sent {every}, and Heap keeps {older} as it is")
    for name in gone:
        yield Change("properties", f"{name} is not sent any more: Heap keeps its last values")
    for name, column in after.properties.items():
        if before.properties.get(name, column) != column:
            yield Change("properties", f"{name} is read from {column}, no longer from {before.properties[name]}")


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return "none" if value is None else str(value)


ADDED, CHANGED, REMOVED, SAME = "added", "changed", "removed", "unchanged"


@dataclass(frozen=True)
class Reviewed:
    """What becomes of one sync."""

    name: str
    type: str
    status: str
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    preview: Preview | None = None  # None where its rows cannot be counted

    @property
    def rekeys(self) -> bool:
        """Whether rows that Heap has are other ones from now on."""
        return any(change.rekeys for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        """All of it, under the names that the other outputs of `plan` have."""
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
    """All syncs of both sides, and what there is to warn of."""

    syncs: tuple[Reviewed, ...]
    warnings: tuple[str, ...]

    @property
    def changes_something(self) -> bool:
        """Whether any sync is declared otherwise; rows alone do not count."""
        return any(each.status != SAME for each in self.syncs)


def review(invocation: Invocation, options: DiffOptions, folder: Path, target: str) -> Review:
    """The selected syncs, and those that the manifest in `folder` declares and this one does not.

    The state is that of a dbt target, under which the manifest in `folder` has to be built: that of this one may be
    another. Nothing is written. Raises HeapError.
    """
    path = folder / "manifest.json"
    manifest = read_manifest(path)
    base, warnings = _declared(path, manifest, invocation.project.heap_vars)
    there = replace(invocation, settings=replace(invocation.settings, target=target))
    with open_state(there, reads_models=False) as store:
        if not invocation.settings.allow_target_mismatch:
            targets = store.warehouse.targets
            must_be_of_active_target(ReadManifest.at(path, manifest), targets, invocation.heap_environments)
        kept = [_kept(invocation, store, sync, base.get(sync.name), options) for sync in invocation.selected]
        removed = list(_removed(invocation, store, base))
    return Review((*kept, *removed), warnings)


def _declared(path: Path, manifest: Manifest, heap_vars: HeapVars) -> tuple[dict[str, Sync], tuple[str, ...]]:
    """Return the syncs of another manifest, without those whose declarations have mistakes: this one may fix them."""
    declarations = declare(manifest.models, heap_vars)
    wrong = sorted({each.model.name for each in declarations.mistaken})
    told = f"{path}: not compared with {', '.join(wrong)}, whose declarations there have mistakes"
    return {sync.name: sync for sync in declarations.syncs}, (told,) if wrong else ()


def _kept(invocation: Invocation, store: StateStore, sync: Sync, before: Sync | None, options: DiffOptions) -> Reviewed:
    found = changes(before, sync) if before else ()
    status = ADDED if before is None else CHANGED if found else SAME
    preview, notes = _counted(invocation, store, sync, options)
    return Reviewed(sync.name, str(sync.type), status, found, notes, preview)


def _counted(
    invocation: Invocation, store: StateStore, sync: Sync, options: DiffOptions
) -> tuple[Preview | None, tuple[str, ...]]:
    """The rows that it would send; else why they are not counted."""
    if not invocation.known_destination(sync, store.target)[1]:
        return None, (f"its rows are not counted: no Environment ID is known for the target {store.target}",)
    if absence := store.models.absence(sync):
        there = f"{sync.model.relation} is not in the warehouse of {store.target}"
        why = absent([sync.model], absence) if absence.granted else there
        return None, (f"its rows are not counted: {why}",)
    store.models.check([sync])
    try:
        preview = preview_of(invocation, store, sync, replace(options, bound=False))
    except StateError as refusal:
        return None, (f"`sync` would stop: {str(refusal).removeprefix(f'{sync.name}: ')}",)
    return preview, tuple(preview.notes())


def _removed(invocation: Invocation, store: StateStore, base: dict[str, Sync]) -> Iterator[Reviewed]:
    """Syncs that are declared no more; of a selection, too, since no selection can name them."""
    declared = {sync.name for sync in invocation.declared} | invocation.broken
    heirs = {older: sync.name for sync in invocation.declared for older in sync.renamed_from or ()}
    have_state = undeclared_syncs(invocation, store)
    for name, entry in have_state.items():
        if name not in base:
            yield Reviewed(name, entry.type, REMOVED, notes=("no model declares it, here or there", _state_stays(name)))
    for name, sync in base.items():
        if name in invocation.disabled:
            yield Reviewed(name, str(sync.type), REMOVED, notes=("it is switched off: `enabled: false`",))
        elif name not in declared:
            lost = sync.model.unique_id in invocation.manifest.unique_ids
            why = f"{sync.model.name} bears no `meta.heap` for it any more" if lost else f"{sync.model.name} is gone"
            stays = (_state_stays(name),) if name in have_state else ()
            if name in heirs:
                stays = (f"{heirs[name]} takes over its state (renamed_from)",)
            yield Reviewed(name, str(sync.type), REMOVED, notes=(why, *stays))


def _state_stays(name: str) -> str:
    return f"Heap keeps what it has, and its state stays, until `dbt-heap state reset {name}`"
