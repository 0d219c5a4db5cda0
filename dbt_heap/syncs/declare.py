"""Turn the models of a manifest into the syncs that they declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dbt_heap.errors import DeclarationError, Mistake, printable
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import quoted
from dbt_heap.syncs.block import Block
from dbt_heap.syncs.column_entries import column_entries
from dbt_heap.syncs.parsing import Declared, declared_blocks, default_block
from dbt_heap.syncs.properties import Properties, properties_of
from dbt_heap.syncs.rules import broken_rules, environment, unique_key, veto
from dbt_heap.syncs.sync import Allowance, Declarations, Mistaken, Sync, SyncType, Warned, mistakes_of, slug


def without_older_versions(models: Sequence[Model]) -> list[Model]:
    """Return the models without those versions that have the same block as the latest one of their model."""
    latest = {_model(each): each.heap for each in models if each.is_latest}
    return [each for each in models if each.is_latest or not _inherits(each, latest)]


def _inherits(model: Model, latest: dict[tuple[str, str], object]) -> bool:
    return model.version is not None and _model(model) in latest and latest[_model(model)] == model.heap


def _model(version: Model) -> tuple[str, str]:
    return version.package, version.name


@dataclass(frozen=True)
class Draft:
    """A block with its environment, properties and mistakes."""

    declared: Declared
    environment: str
    properties: Properties
    mistakes: tuple[Mistake, ...]


def drafts_of(model: Model, defaults: Block, heap_vars: HeapVars) -> tuple[list[Draft], list[Mistake]]:
    """Return a model's blocks with the mistakes of each, and the mistakes that belong to no block."""
    if model.heap is None and any("heap" in column.meta for column in model.columns):
        return [], column_entries(model, [])[1]
    blocks, invalid = declared_blocks(model, defaults)
    entries, of_columns = column_entries(model, blocks)
    forbidden_by = veto(heap_vars.never_send, model)
    drafts = []
    for declared in blocks:
        own = [entry for entry in entries if entry.declared is declared]
        chosen, unclear = environment(declared, heap_vars)
        properties = properties_of(declared, own, forbidden_by)
        rules = broken_rules(declared, forbidden_by)
        # A column's entry may be meant for any sync of the model, so its mistakes block all of them.
        mistakes = (*declared.mistakes, *of_columns, *rules, *unclear, *properties.mistakes)
        drafts.append(Draft(declared, chosen, properties, mistakes))
    return drafts, [*invalid, *(() if blocks else of_columns)]


def with_conflicts(drafts: Sequence[Draft]) -> list[Draft]:
    """Return the drafts with the conflicts between them: neither of the two can be sent until one changes."""
    shared: dict[int, list[Mistake]] = defaultdict(list)
    for mistake, one, other in (*_names_twice(drafts), *_properties_twice(drafts)):
        shared[id(one)].append(mistake)
        shared[id(other)].append(mistake)
    return [replace(each, mistakes=(*each.mistakes, *shared[id(each.declared)])) for each in drafts]


def _names_twice(drafts: Iterable[Draft]) -> Iterator[tuple[Mistake, Declared, Declared]]:
    """Yield syncs with the same name, or with the same name of their view."""
    first: dict[str, Declared] = {}
    for declared in (draft.declared for draft in drafts):
        other = first.setdefault(slug(declared.name), declared) if declared.name else declared
        if other is declared:
            continue
        place, of_model = declared.place.at("name"), f"of the model {_written(other)}"
        if other.name == declared.name:
            text = _one_name(declared, other)
        else:
            text = (
                f"the view of this sync, {slug(declared.name)}__synced, is also that of the sync "
                f"{quoted(other.name)} {of_model}: rename one, so the first 30 letters and digits differ"
            )
        yield place.mistake(text), declared, other


def _properties_twice(drafts: Iterable[Draft]) -> Iterator[tuple[Mistake, Declared, Declared]]:
    """Yield properties of users or accounts that two syncs send."""
    first: dict[tuple[SyncType, str, str], Declared] = {}
    for draft in drafts:
        declared, sync_type = draft.declared, draft.declared.block.type
        if sync_type is None or sync_type is SyncType.EVENTS or not declared.block.enabled:
            continue
        for each in draft.properties.mapped:
            other = first.setdefault((sync_type, draft.environment, each.name), declared)
            if other is not declared:
                text = (
                    f"the property {quoted(each.name)} is sent by the sync {quoted(other.name)} too, of the model "
                    f"{_written(other)}, and each would overwrite the other: remove one"
                )
                yield each.place.mistake(text), declared, other


def _one_name(declared: Declared, other: Declared) -> str:
    """Return the message about two syncs with the same name."""
    if declared.model is other.model:
        return f"another block of this model also has the name {quoted(declared.name)}: give each its own `name`"
    both = f"the models {_written(other)} and {_written(declared)} both declare a sync {quoted(declared.name)}"
    if declared.model.version is not None and declared.model.name == other.model.name:
        return f"{both}: keep the block on one version, or give each its own `name`"
    return f"{both}: give one its own `name`"


def _written(declared: Declared) -> str:
    """Return the model of a block with package and version, and the file that it is written in."""
    return printable(f"{declared.model.full_name} ({declared.model.block_file or declared.model.file})")


# Deletions come first, so deleted users are not sent. Users come before accounts, which group users by a property.
_ORDER = (SyncType.USER_DELETIONS, SyncType.USER_PROPERTIES, SyncType.ACCOUNT_PROPERTIES, SyncType.EVENTS)

_MAX_DELETIONS = Allowance(rows=1_000)  # unless the block sets max_rows


def declare(models: Sequence[Model], heap_vars: HeapVars) -> Declarations:
    """Return what the models declare: the enabled syncs, and the declarations that have mistakes.

    Raises DeclarationError if `vars.dbt_heap.defaults` has mistakes; it then contains those of all models too.
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
    """Return the syncs of drafts without mistakes, and the mistaken ones."""
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
    """Return the sync of a block without mistakes."""
    declared, properties = draft.declared, draft.properties
    block = declared.block
    timed = properties.timestamp is not None  # a default `begin` or `lookback` applies only to events with a time
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
        place=declared.place,
        property_places=properties.places,
    )


def _guard(block: Block, sync_type: SyncType) -> Allowance | None:
    """Return the most rows that a plan can have; a default percentage does not apply to deletions."""
    given = block.max_rows
    if sync_type is SyncType.USER_DELETIONS:
        return given if given and given.rows is not None else _MAX_DELETIONS
    return given
