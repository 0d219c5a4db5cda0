"""Parse the blocks of a model, apply the project's defaults, and explain unknown keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from dbt_heap.errors import Mistake, did_you_mean, nearest
from dbt_heap.project.dbt_project import FILE_NAME
from dbt_heap.project.heap_vars import HeapVars
from dbt_heap.project.nodes import Model
from dbt_heap.project.validation import Place, Validated, describe, keys, parse_model
from dbt_heap.syncs.block import RIVALS, TYPES_OF, Block, suits
from dbt_heap.syncs.fields import sync_name
from dbt_heap.syncs.sync import SyncType

_SUBJECT = {SyncType.ACCOUNT_PROPERTIES: "account_id"}  # else `identity`
_KEY = {SyncType.EVENTS: "unique_key", SyncType.ACCOUNT_PROPERTIES: "account_id"}  # else `identity`

# Advice -> the unknown keys that it is for. {key} and {subject} depend on the type of the block.
_ADVICE = {
    "use `{key}`, the column that tells one row from another": (
        "primary_key primary_keys primarykey key keys id ids id_column pk upsert_key merge_key match_key "
        "primary_identifier sync_key"
    ),
    "use `{subject}`, the column that identifies the user or account of a row": (
        "external_id externalidmapping identifier identifiers identity_column identify user users email email_column "
        "distinct_id anonymous_id customer_id person person_id contact contact_id"
    ),
    "use `unique_key`, the column or columns that no two events share": (
        "event_id unique_id message_id insert_id dedupe_key dedup_key deduplication_key row_id natural_key"
    ),
    "use `account_id`": "account group_id company company_id organization organization_id org_id tenant tenant_id",
    "use `properties`, a mapping such as {{Plan: plan}} (Heap's name: your column) or a list of columns": (
        "mappings mapping fields field field_mapping field_mappings columns column attributes attribute traits trait "
        "user_properties account_properties event_properties props property map rename renames include "
        "source_attributes destination_attributes selected_columns custom_fields custom_properties"
    ),
    "use `event_name` (one name for all events) or `event_name_column` (the column that holds the name)": (
        "event events event_type event_names name_of_event event_column event_type_column action"
    ),
    "use `timestamp`, the column that holds when the event happened": (
        "event_time event_timestamp occurred_at created_at happened_at timestamp_column time time_column ts "
        "timestamp_field date"
    ),
    "use `type`: one of events, user_properties, account_properties, user_deletions": (
        "object objects object_type entity entity_type resource sync_type target_object destination_object kind"
    ),
    "leave it out: every sync sends what is new or changed, and `dbt-heap sync --resync` sends everything": (
        "mode sync_mode operation operations behavior sync_behavior write_mode update_mode strategy materialized "
        "incremental_strategy sync_strategy load_mode write_disposition full_refresh incremental upsert"
    ),
    "leave it out: rows are compared with what Heap acknowledged; for large event models, see `lookback`": (
        "cursor cursor_field cursor_column incremental_column incremental_key watermark updated_at updated_at_column "
        "change_tracking diff"
    ),
    "leave it out: the model is the filter. Put the condition into the model's SQL": (
        "filter filters where condition conditions query sql having segment audience"
    ),
    "leave it out: a block belongs to the model that it is written on": (
        "model model_name models source source_model table relation from ref dataset view input"
    ),
    "rows go to the Environment ID in `vars: dbt_heap:` of dbt_project.yml; `environment` chooses one of several": (
        "destination destinations target targets connection connector app_id app_ids environment_id env envs project "
        "project_id workspace heap_app_id region host"
    ),
    "leave it out: keys of Heap's API are read from environment variables alone (HEAP_API_KEY)": (
        "api_key apikey token secret auth"
    ),
    "leave it out: dbt-heap has no scheduler. Run `dbt-heap sync` after `dbt run`, in the same job": (
        "schedule schedules cron frequency schedule_frequency interval trigger triggers run_after"
    ),
    "rows that leave the model stay in Heap; to delete users, declare another sync with `type: user_deletions`": (
        "on_delete on_deletes delete deletes deletion delete_behavior removed on_remove mirror when_gone when_removed "
        "hard_delete soft_delete archive"
    ),
    "use `enabled: false`": "disabled disable active paused pause is_enabled skip",
    "use `except`": "exclude excluded excludes exclude_columns ignore ignored ignore_columns skip_columns omit without",
    "use `timezone`, an IANA name such as Europe/Berlin": "tz time_zone_name utc_offset",
    "use `begin`, a date; earlier events are never sent": (
        "start start_date start_time since from_date begin_date backfill_from event_time_start begins"
    ),
    "use `nulls`: omit or blank": (
        "null_handling null_behavior sync_nulls send_nulls skip_nulls ignore_nulls null_values blank_nulls"
    ),
    "use `allow_rejected`, the number or share of rejected rows up to which the sync succeeds": (
        "on_error on_errors error_handling error_threshold max_errors tolerance failure_threshold invalid_rows"
    ),
    "use `max_rows`, above which a plan is refused": "limit row_limit max_records maximum_rows max_changes row_guard",
    "leave it out: requests and retries are options of `dbt-heap sync`, such as --events-per-minute and --in-flight": (
        "batch_size batch rate_limit throttle concurrency threads retry retries timeout batching"
    ),
    "use `session_id`": "session session_key session_column",
    "leave it out: these belong to the model, outside its `config:`": (
        "description label labels owner owners tags tag group docs meta notes folder slug"
    ),
    "use `renamed_from`, the earlier name": "previous_name old_name was formerly previously rename_from",
    "use `name`": "sync_name sync title display_name alias",
}

_ALIASES = {alias: sentence for sentence, aliases in _ADVICE.items() for alias in aliases.split()}
_PLAIN = {alias.replace("_", ""): sentence for alias, sentence in _ALIASES.items()}


def counterpart(key: str, sync_type: SyncType | None) -> str | None:
    """Return what to write instead of another tool's key in a block of this type; None if it is not known."""
    sentence = _PLAIN.get(re.sub(r"[\s_-]", "", key.casefold()))
    if sentence is None:
        return None
    subject = _SUBJECT.get(sync_type, "identity") if sync_type else "identity"
    unique = _KEY.get(sync_type, "identity") if sync_type else "identity` or `unique_key"
    return sentence.format(key=unique, subject=subject)


_DEFAULTS = Place(FILE_NAME, FILE_NAME, "vars.dbt_heap.defaults")
_OWN_ONLY = ("type", "name", "renamed_from")
_CLOSE = 0.8  # of a name that is only misspelt
_NEEDED = "must be a block, or a list of blocks"


@dataclass(frozen=True)
class Declared:
    """One block of a model, and where it is."""

    model: Model
    place: Place
    name: str  # empty if it has no usable one
    block: Block
    own: frozenset[str]  # the keys that the block sets itself, valid or not; the others are defaults
    meant: frozenset[str]  # keys that the block probably meant by unknown ones
    broken: frozenset[str]  # keys that are not valid, each with a mistake
    mistakes: tuple[Mistake, ...] = ()  # of its keys and its name

    def where(self, key: str) -> Place:
        """Return the place of a key: in the block or in the project's defaults."""
        from_defaults = key not in self.own and key in self.block.model_fields_set
        return (_DEFAULTS if from_defaults else self.place).at(key)

    def given(self, key: str) -> bool:
        """Return whether a key is set, valid or not, in the block or by a default."""
        return key in self.own or key in self.block.model_fields_set


def default_block(heap_vars: HeapVars) -> tuple[Block, list[Mistake]]:
    """Return `vars.dbt_heap.defaults` as a block, and its mistakes, which are reported once, not for each block."""
    raw = {key: value for key, value in heap_vars.defaults.items() if key not in _OWN_ONLY}
    validated = parse_model(Block, raw, _DEFAULTS, partial(_unknown_key, sync_type=None))
    misplaced = [key for key in heap_vars.defaults if key in _OWN_ONLY]
    return validated.value, [
        *validated.mistakes,
        *(_DEFAULTS.at(key).mistake("this key cannot have a default: set it in each block") for key in misplaced),
    ]


def declared_blocks(model: Model, defaults: Block) -> tuple[list[Declared], list[Mistake]]:
    """Return the blocks of a model, each with its own mistakes, and the mistakes of other values."""
    place = Place(model.name, model.block_file or model.file, model.heap_key)
    if isinstance(model.heap, Mapping):
        return [_declared(model, place, model.heap, defaults)], []
    if not isinstance(model.heap, list):
        return [], [place.mistake(f"{_NEEDED}, not {describe(model.heap)}")]
    if not model.heap:
        return [], [place.mistake(f"{_NEEDED}, not an empty list")]
    items = [(place.at(index), item) for index, item in enumerate(model.heap)]
    several = len(items) > 1
    blocks = [
        _declared(model, where, item, defaults, several=several) for where, item in items if isinstance(item, Mapping)
    ]
    invalid = [(where, item) for where, item in items if not isinstance(item, Mapping)]
    return blocks, [where.mistake(f"must be a block, not {describe(item)}") for where, item in invalid]


def _declared(
    model: Model, place: Place, raw: Mapping[Any, Any], defaults: Block, *, several: bool = False
) -> Declared:
    validated = parse_model(Block, raw, place, partial(_unknown_key, sync_type=raw.get("type")))
    given = frozenset(key for key in raw if isinstance(key, str))
    meant = frozenset(filter(None, (_meant(key, raw.get("type")) for key in given - set(keys(Block))))) - given
    broken = validated.broken | meant
    name = validated.value.name or ("" if several or "name" in broken else model.name)
    declared = Declared(model, place, name, _with_defaults(validated, defaults), given | meant, meant, broken)
    return replace(declared, mistakes=(*validated.mistakes, *_names(declared)))


def _with_defaults(validated: Validated[Block], defaults: Block) -> Block:
    """Return a block with the defaults that apply to its type."""
    block = validated.value
    if block.type is None:
        return block
    own = block.model_fields_set | validated.broken
    defaulted = {
        key: getattr(defaults, key)
        for key in defaults.model_fields_set
        if key not in own and RIVALS.get(key) not in own and suits(key, block.type)
    }
    return block.model_copy(update=defaulted)


def _names(declared: Declared) -> Iterator[Mistake]:
    """Yield the mistake of a missing name, or of a model's name that cannot be used."""
    place = declared.place.at("name")
    if "name" in declared.own:
        return
    if not declared.name:
        yield place.mistake("a name is required because the model has several blocks")
        return
    try:
        sync_name(declared.name)
    except ValueError as refusal:
        yield place.mistake(f"a name is required: the model's name {refusal}")


def _meant(key: str, sync_type: Any) -> str | None:
    """Return the key that was probably meant by an unknown one; that it is missing is not reported as well."""
    if near := "identity" if key == "user_id" else nearest(key, keys(Block), cutoff=_CLOSE):
        return near
    instead = counterpart(key, _type(sync_type)) or ""
    return next((each for each in keys(Block) if instead.startswith(f"use `{each}`")), None)


def _type(sync_type: Any) -> SyncType | None:
    return SyncType(sync_type) if sync_type in list(SyncType) else None


def _unknown_key(key: str, sync_type: Any) -> str:
    """Return what is wrong with a key that no block has, or that none of this type has."""
    if key == "user_id":
        return (
            "unknown key: `identity` names the column that holds Heap's identity, "
            "`heap_user_id` that of the Heap SDK's own numeric ID"
        )
    of_type = _type(sync_type)
    known = [each for each in keys(Block) if of_type is None or suits(each, of_type)]
    if near := nearest(key, keys(Block), cutoff=_CLOSE):
        types = ", ".join(TYPES_OF.get(near, ()))
        return f"unknown key; did you mean `{near}`?" + ("" if near in known else f" It belongs to: {types}")
    if instead := counterpart(key, of_type):
        return f"unknown key; {instead}"
    title = f"Keys for {of_type}" if of_type else "Keys"
    return f"unknown key{did_you_mean(key, known) or f'. {title}: ' + ', '.join(known)}"
