{#
    Gives the shared tables of an older version the columns that they lack, null in the rows there are, and makes the views anew.
    One statement each, views first dropped and last made: wherever it is killed, something is still missing.
#}
{% macro migrate_state(state, missing) %}
    {# `create or replace` may not change a view's columns everywhere: https://www.postgresql.org/docs/current/sql-createview.html #}
    {%- set statements = ['drop view if exists ' ~ state.runs, 'drop view if exists ' ~ state.rejects] -%}
    {%- for table, columns in dbt_heap.state_columns().items() -%}
        {%- for name in missing.get(table, []) -%}
            {%- do statements.append('alter table ' ~ state[table] ~ ' add column ' ~ columns[name]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(statements + dbt_heap.create_state(state)) }}
{% endmacro %}

{# Which columns the shared tables lack, of those that this version knows. `columns` are those that stand, by table. #}
{% macro missing_columns(columns) %}
    {%- set missing = {} -%}
    {%- for table, wanted in dbt_heap.state_columns().items() if table in columns -%}
        {%- do missing.update({table: wanted | reject('in', columns[table]) | list}) -%}
    {%- endfor -%}
    {{ return(missing) }}
{% endmacro %}
