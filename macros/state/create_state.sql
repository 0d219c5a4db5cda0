{# The shared tables and their views. Safe to repeat. #}
{% macro create_state(state) %}
    {%- set columns = dbt_heap.state_columns() -%}
    {{ return([
        'create table if not exists ' ~ state.sync_log ~ ' (' ~ columns.sync_log.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create table if not exists ' ~ state.reject_log ~ ' (' ~ columns.reject_log.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create table if not exists ' ~ state.builds ~ ' (' ~ columns.builds.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as(),
        'create or replace view ' ~ state.runs ~ ' as ' ~ dbt_heap.runs_view(state),
        'create or replace view ' ~ state.rejects ~ ' as ' ~ dbt_heap.rejects_view(state),
    ]) }}
{% endmacro %}
