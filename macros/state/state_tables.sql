{#
    Create the shared tables and their views. Safe to repeat. `earlier` holds the columns of a `sync_log` that an older
    version created.
#}
{% macro create_state(state, earlier=[]) %}
    {%- set columns = dbt_heap.state_columns() -%}
    {{ return([
        'create table if not exists ' ~ state.sync_log ~ ' (' ~ columns.sync_log.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create table if not exists ' ~ state.reject_log ~ ' (' ~ columns.reject_log.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create table if not exists ' ~ state.builds ~ ' (' ~ columns.builds.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create or replace view ' ~ state.runs ~ ' as ' ~ dbt_heap.runs_view(state, earlier + columns.sync_log.keys() | list),
        'create or replace view ' ~ state.rejects ~ ' as ' ~ dbt_heap.rejects_view(state),
    ]) }}
{% endmacro %}

{# Return the column definitions of the shared tables, by table and column name. Creation and migration use them. #}
{% macro state_columns() %}
    {%- set text = dbt.type_string() -%}
    {%- set log = {} -%}
    {%- for name, type in dbt_heap.log_columns().items() -%}{%- do log.update({name: dbt_heap.log_name(name) ~ ' ' ~ type}) -%}{%- endfor -%}
    {%- set rejects = {
        'key': 'key ' ~ text, 'rows': adapter.quote('rows') ~ ' ' ~ dbt.type_bigint(),
        'first_at': 'first_at ' ~ dbt.type_timestamp(), 'last_at': 'last_at ' ~ dbt.type_timestamp(),
    } -%}
    {%- for name in ['destination', 'sync', 'run_id', 'digest', 'reason', 'property'] -%}{%- do rejects.update({name: name ~ ' ' ~ text}) -%}{%- endfor -%}
    {%- set builds = {'recorded_at': 'recorded_at ' ~ dbt.type_timestamp()} -%}
    {%- for name in ['model', 'relation', 'invocation_id', 'status', 'failed_tests', 'passed_tests'] -%}{%- do builds.update({name: name ~ ' ' ~ text}) -%}{%- endfor -%}
    {{ return({'sync_log': log, 'reject_log': rejects, 'builds': builds}) }}
{% endmacro %}

{#
    Return the columns of `sync_log` and their types, in order: one row per step of a run, which is appended and never
    changed.
#}
{% macro log_columns() %}
    {%- set text = dbt.type_string() -%}
    {%- set number = dbt.type_bigint() -%}
    {{ return({
        'destination': text, 'sync': text, 'entry': number, 'run_id': text, 'step': text, 'at': dbt.type_timestamp(),
        'type': text, 'project': text, 'model': text, 'relation': text, 'key_columns': text, 'namespace': text,
        'synced': text, 'outbox': text, 'acked': text, 'sent_up_to': number, 'rejects_run_id': text, 'newest_event_at': text, 'build': text,
        'planned': number, 'accepted': number, 'rejected': number, 'undelivered': number, 'still_rejected': number,
        'status': text, 'property_names': text, 'schema_version': number, 'host': text, 'pid': number,
    }) }}
{% endmacro %}

{#
    Return a column of `sync_log` as SQL names it: quoted only if it must be, because some warehouses treat a quoted
    name as a different one.
#}
{% macro log_name(name) %}{{ return(adapter.quote(name) if name == 'at' else name) }}{% endmacro %}
