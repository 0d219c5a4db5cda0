"""Keys that other tools have in the place of ours, so that a message can name the counterpart.

The keys are those of Hightouch's and Census' YAML files, of drt's and of dbt's models:
https://hightouch.com/docs/extensions/git-sync, https://developers.getcensus.com/gitlink/guide,
https://github.com/drt-hub/drt, https://docs.getdbt.com/reference/model-configs.
"""

from __future__ import annotations

import re

from dbt_heap.declarations.sync import SyncType

_SUBJECT = {SyncType.ACCOUNT_PROPERTIES: "account_id"}  # else `identity`
_KEY = {SyncType.EVENTS: "unique_key", SyncType.ACCOUNT_PROPERTIES: "account_id"}  # else `identity`

# Sentence -> the keys that it answers. {key} and {subject} depend on the type of the block.
_SENTENCES = {
    "use `{key}`, the column that tells one row from another": (
        "primary_key primary_keys primarykey key keys id ids id_column pk upsert_key merge_key match_key "
        "primary_identifier sync_key"
    ),
    "use `{subject}`, the column that tells Heap whom or what a row is about": (
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
    "leave it out: these belong to the model, beside its `config:`": (
        "description label labels owner owners tags tag group docs meta notes folder slug"
    ),
    "use `renamed_from`, the earlier name": "previous_name old_name was formerly previously rename_from",
    "use `name`": "sync_name sync title display_name alias",
}

_ALIASES = {alias: sentence for sentence, aliases in _SENTENCES.items() for alias in aliases.split()}
_PLAIN = {alias.replace("_", ""): sentence for alias, sentence in _ALIASES.items()}


def counterpart(key: str, sync_type: SyncType | None) -> str | None:
    """Return what to write instead of another tool's key in a block of this type; None if it is not known."""
    sentence = _PLAIN.get(re.sub(r"[\s_-]", "", key.casefold()))
    if sentence is None:
        return None
    subject = _SUBJECT.get(sync_type, "identity") if sync_type else "identity"
    unique = _KEY.get(sync_type, "identity") if sync_type else "identity` or `unique_key"
    return sentence.format(key=unique, subject=subject)
