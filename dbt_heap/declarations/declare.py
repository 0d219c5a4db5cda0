"""From the models of a manifest to the syncs that they declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dbt_heap.declarations.block import Block
from dbt_heap.declarations.blocks import Declared, declared_blocks, default_block
from dbt_heap.declarations.entries import column_entries
from dbt_heap.declarations.never_send import veto
from dbt_heap.declarations.properties import Properties, properties_of
from dbt_heap.declarations.rules import broken_rules, environment, unique_key
from dbt_heap.declarations.sync import Allowance, Sync, SyncType, slug
from dbt_heap.errors import DeclarationError, Mistake
from dbt_heap.manifest import Model
from dbt_heap.project import HeapVars
from dbt_heap.reading import quoted

# Who is to be deleted is not sent before. Heap groups users into accounts by a user property, so users come next.
_ORDER = (SyncType.USER_DELETIONS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES, SyncType.EVENTS)

_MAX_DELETIONS = Allowance(rows=1_000)  # unless the block says otherwise


@dataclass(frozen=True)
class Declarations:
    """All that a project declares."""

    syncs: tuple[Sync, ...]  # deletions, users, accounts, events; by name
    warnings: tuple[str, ...]
    disabled: frozenset[str]  # names of those that are switched off


@dataclass(frozen=True)
class _Draft:
    """A block beside all that was found out about it."""

    declared: Declared
    environment: str
    properties: Properties


def declare(models: Sequence[Model], heap_vars: HeapVars) -> Declarations:
    """The syncs that the models declare, without those that are not enabled.

    Raises DeclarationError with all mistakes of the project.
    """
    defaults, mistakes = default_block(heap_vars)
    drafts: list[_Draft] = []
    for model in models:
        more, wrong = _drafts(model, defaults, heap_vars)
        drafts += more
        mistakes += wrong
    mistakes += [*_names_twice(drafts), *_properties_twice(drafts)]
    if mistakes:
        raise DeclarationError(mistakes)
    enabled = [draft for draft in drafts if draft.declared.block.enabled]
    disabled = frozenset(draft.declared.name for draft in drafts if not draft.declared.block.enabled)
    made = [_sync(draft, draft.declared.block.type) for draft in enabled if draft.declared.block.type]
    syncs = sorted(made, key=lambda sync: (_ORDER.index(sync.type), sync.name))
    warnings = tuple(text for draft in enabled for text in draft.properties.warnings)
    return Declarations(tuple(syncs), warnings, disabled)


def _drafts(model: Model, defaults: Block, heap_vars: HeapVars) -> tuple[list[_Draft], list[Mistake]]:
    if model.heap is None and any("heap" in column.meta for column in model.columns):
        return [], column_entries(model, [])[1]
    blocks, mistakes = declared_blocks(model, defaults)
    entries, wrong = column_entries(model, blocks)
    mistakes += wrong
    forbidden_by = veto(heap_vars.never_send, model)
    drafts = []
    for declared in blocks:
        own = [entry for entry in entries if entry.declared is declared]
        chosen, unclear = environment(declared, heap_vars)
        properties = properties_of(declared, own, forbidden_by)
        mistakes += [*broken_rules(declared, forbidden_by), *unclear, *properties.mistakes]
        drafts.append(_Draft(declared, chosen, properties))
    return drafts, mistakes


def _names_twice(drafts: Iterable[_Draft]) -> Iterator[Mistake]:
    """Syncs that could not be told apart, or whose views could not."""
    first: dict[str, Declared] = {}
    for declared in (draft.declared for draft in drafts):
        other = first.setdefault(slug(declared.name), declared) if declared.name else declared
        if other is declared:
            continue
        place, whose = declared.place.at("name"), f"of the model {other.model.name} ({other.model.file})"
        if other.name == declared.name:
            yield place.mistake(
                f"there is another sync {quoted(declared.name)}, {whose}: give one of them another name"
            )
        else:
            yield place.mistake(
                f"the view of this sync, {slug(declared.name)}__synced, would be that of the sync "
                f"{quoted(other.name)} {whose} too: rename one so that their first 30 letters and digits differ"
            )


def _properties_twice(drafts: Iterable[_Draft]) -> Iterator[Mistake]:
    """Properties of users or accounts that two syncs would overwrite in turn."""
    first: dict[tuple[SyncType, str, str], Declared] = {}
    for draft in drafts:
        declared, sync_type = draft.declared, draft.declared.block.type
        if sync_type is None or sync_type is SyncType.EVENTS or not declared.block.enabled:
            continue
        for each in draft.properties.mapped:
            other = first.setdefault((sync_type, draft.environment, each.name), declared)
            if other is not declared:
                yield each.place.mistake(
                    f"the property {quoted(each.name)} is sent by the sync {quoted(other.name)} too, of the model "
                    f"{other.model.name} ({other.model.file}), and each would overwrite the other: leave one out"
                )


def _sync(draft: _Draft, sync_type: SyncType) -> Sync:
    """The sync of a block without mistakes."""
    declared, properties = draft.declared, draft.properties
    block = declared.block
    timed = properties.timestamp is not None  # a default `begin` or `lookback` suits only events that have a time
    return Sync(
        name=declared.name,
        type=sync_type,
        model=declared.model,
        environment=draft.environment,
        properties={each.name: each.column for each in properties.mapped},
        identity=block.identity,
        heap_user_id=block.heap_user_id,
        account_id=block.account_id,
        event_name=block.event_name,
        event_name_column=block.event_name_column,
        timestamp=properties.timestamp,
        session_id=block.session_id,
        idempotency_key=block.idempotency_key,
        unique_key=unique_key(declared),
        properties_column=block.properties_column,
        begin=block.begin if timed else None,
        lookback=block.lookback if timed else None,
        blank_nulls=block.nulls == "blank",
        reject_too_long=block.too_long == "reject",
        skip_null_identity=block.null_identity == "skip",
        timezone=block.timezone or "UTC",
        max_rows=_guard(block, sync_type),
        allow_rejected=block.allow_rejected or Allowance(rows=0),
        log=bool(block.log),
    )


def _guard(block: Block, sync_type: SyncType) -> Allowance | None:
    """The most rows that a plan may have; a default that is a share is none for deletions."""
    given = block.max_rows
    if sync_type is SyncType.USER_DELETIONS:
        return given if given and given.rows is not None else _MAX_DELETIONS
    return given
