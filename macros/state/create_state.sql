{# The schema, the two shared tables and their views. Safe to repeat. #}
{% macro create_state(state) %}
    {%- set text = dbt.type_string() -%}
    {%- set log = [] -%}
    {%- for name, type in dbt_heap.log_columns().items() -%}{%- do log.append(adapter.quote(name) ~ ' ' ~ type) -%}{%- endfor -%}
    {%- set rejects = 'destination ' ~ text ~ ', sync ' ~ text ~ ', run_id ' ~ text ~ ', ' ~ adapter.quote('key') ~ ' ' ~ text ~ ', digest ' ~ text
        ~ ', reason ' ~ text ~ ', property ' ~ text ~ ', first_at ' ~ dbt.type_timestamp() ~ ', last_at ' ~ dbt.type_timestamp()
        ~ ', ' ~ adapter.quote('rows') ~ ' ' ~ dbt.type_bigint() -%}
    {{ return([
        'create schema if not exists ' ~ dbt_heap.schema_relation(state.schema),
        'create table if not exists ' ~ state.sync_log ~ ' (' ~ log | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create table if not exists ' ~ state.reject_log ~ ' (' ~ rejects ~ ') ' ~ dbt_heap.stored_as(),
        'create or replace view ' ~ state.runs ~ ' as ' ~ dbt_heap.runs_view(state),
        'create or replace view ' ~ state.rejects ~ ' as ' ~ dbt_heap.rejects_view(state),
    ]) }}
{% endmacro %}
