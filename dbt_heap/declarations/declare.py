"""From the models of a manifest to the syncs that they declare."""

from __future__ import annotations

from collections.abc import Sequence

from dbt_heap.declarations.block import Block
from dbt_heap.declarations.blocks import default_block
from dbt_heap.declarations.conflicts import with_conflicts
from dbt_heap.declarations.declarations import Declarations, Mistaken, Warned, mistakes_of
from dbt_heap.declarations.drafts import Draft, drafts_of
from dbt_heap.declarations.rules import unique_key
from dbt_heap.declarations.sync import Allowance, Sync, SyncType
from dbt_heap.declarations.versions import without_older_versions
from dbt_heap.errors import DeclarationError
from dbt_heap.manifest import Model
from dbt_heap.project import HeapVars

# Who is to be deleted is not sent before. Heap groups users into accounts by a user property, so users come next.
_ORDER = (SyncType.USER_DELETIONS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES, SyncType.EVENTS)

_MAX_DELETIONS = Allowance(rows=1_000)  # unless the block says otherwise


def declare(models: Sequence[Model], heap_vars: HeapVars) -> Declarations:
    """Return what the models declare: the enabled syncs, and the declarations that have mistakes.

    Raises DeclarationError if `vars.dbt_heap.defaults` has mistakes; it then holds those of all models, too.
    """
    defaults, wrong_defaults = default_block(heap_vars)
    drafts: list[Draft] = []
    mistaken: list[Mistaken] = []
    for model in without_older_versions(models):
        more, without_block = drafts_of(model, defaults, heap_vars)
        drafts += more
        mistaken += [Mistaken(model.name, "", model, tuple(without_block))] if without_block else []
    drafts = with_conflicts(drafts)
    mistaken += [_mistaken(draft) for draft in drafts if draft.mistakes]
    if wrong_defaults:
        raise DeclarationError([*wrong_defaults, *mistakes_of(mistaken).mistakes])
    return _declarations([draft for draft in drafts if not draft.mistakes], mistaken)


def _mistaken(draft: Draft) -> Mistaken:
    declared = draft.declared
    name = declared.name or declared.model.name + declared.place.key.removeprefix(declared.model.heap_key)
    return Mistaken(
        name, str(declared.block.type or ""), declared.model, draft.mistakes, enabled=declared.block.enabled
    )


def _declarations(drafts: Sequence[Draft], mistaken: Sequence[Mistaken]) -> Declarations:
    """Return the syncs of drafts without mistakes, beside the mistaken ones."""
    enabled = [draft for draft in drafts if draft.declared.block.enabled]
    made = [_sync(draft, draft.declared.block.type) for draft in enabled if draft.declared.block.type]
    return Declarations(
        syncs=tuple(sorted(made, key=lambda sync: (_ORDER.index(sync.type), sync.name))),
        disabled=frozenset(draft.declared.name for draft in drafts if not draft.declared.block.enabled),
        mistaken=tuple(sorted(mistaken, key=lambda each: (each.name, each.model.unique_id))),
        warned=tuple(
            Warned(draft.declared.model.unique_id, text) for draft in enabled for text in draft.properties.warnings
        ),
    )


def _sync(draft: Draft, sync_type: SyncType) -> Sync:
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
        renamed_from=block.renamed_from,
        log=bool(block.log),
    )


def _guard(block: Block, sync_type: SyncType) -> Allowance | None:
    """The most rows that a plan may have; a default that is a share is none for deletions."""
    given = block.max_rows
    if sync_type is SyncType.USER_DELETIONS:
        return given if given and given.rows is not None else _MAX_DELETIONS
    return given
