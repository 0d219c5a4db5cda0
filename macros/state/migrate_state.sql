{#
    Add the columns that an older version's shared tables lack, null in existing rows, and recreate the views. `columns` holds the
    existing columns by table. Each step is one statement; views are dropped first and created last, so a migration killed anywhere still has something
    missing and runs again.
#}
{% macro migrate_state(state, columns) %}
    {%- set missing = dbt_heap.missing_columns(columns) -%}
    {#- some warehouses cannot change a view's columns with `create or replace`: https://www.postgresql.org/docs/current/sql-createview.html #}
    {%- set statements = ['drop view if exists ' ~ state.runs, 'drop view if exists ' ~ state.rejects] -%}
    {%- for table, definitions in dbt_heap.state_columns().items() -%}
        {%- for name in missing.get(table, []) -%}
            {%- do statements.append('alter table ' ~ state[table] ~ ' add column ' ~ definitions[name]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(statements + dbt_heap.create_state(state, columns.get('sync_log', []))) }}
{% endmacro %}

{#
    Return the columns that this version knows and the shared tables lack, by table. `columns` holds the existing
    ones.
#}
{% macro missing_columns(columns) %}
    {%- set missing = {} -%}
    {%- for table, wanted in dbt_heap.state_columns().items() if table in columns -%}
        {%- do missing.update({table: wanted | reject('in', columns[table]) | list}) -%}
    {%- endfor -%}
    {{ return(missing) }}
{% endmacro %}
