{#
    Select why the role cannot read a relation's columns, one row per fact: `role` (its name), `no_database` (the one
    the profile connects to), `no_schema`, `no_relation`, `no_usage` (on the schema), `no_select`, `no_column` (its
    name), `hidden` (the warehouse only shows what is granted). dbt-heap only asks when something is missing.
#}
{% macro access(relation) %}{{ return(adapter.dispatch('access', 'dbt_heap')(relation)) }}{% endmacro %}

{% macro default__access(relation) %}
select 'role' as fact, current_user as name
union all
select 'no_relation', ''
{% endmacro %}

{# https://duckdb.org/docs/stable/sql/meta/duckdb_table_functions #}
{% macro duckdb__access(relation) %}
select 'no_relation' as fact, '' as name
{%- if relation.database %}
union all
select 'no_database', current_database()
where not exists (select 1 from duckdb_databases() where {{ dbt_heap.same_name('database_name', relation.database) }})
{%- endif %}
union all
select 'no_schema', ''
where not exists (
    select 1 from duckdb_schemas()
    where {{ dbt_heap.same_name('schema_name', relation.schema) }}
    {%- if relation.database %} and {{ dbt_heap.same_name('database_name', relation.database) }}{% endif %}
)
{% endmacro %}

{#
    `describe` reports "does not exist or not authorized" for both cases:
    https://docs.snowflake.com/en/user-guide/security-access-control-overview
#}
{% macro snowflake__access(relation) %}
select 'role' as fact, current_role() as name
union all
select 'hidden', ''
{% endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/security_functions#session_user #}
{% macro bigquery__access(relation) %}
select 'role' as fact, session_user() as name
union all
select 'no_relation', ''
{%- if not adapter.check_schema_exists(relation.database or target.database, relation.schema) %}
union all
select 'no_schema', ''
{%- endif %}
{% endmacro %}

{# Spark leaves access control to other systems. #}
{% macro spark__access(relation) %}
    {%- set schemas = run_query('show schemas').columns[0].values() | map('lower') | list -%}
select '{{ 'no_relation' if relation.schema | lower in schemas else 'no_schema' }}' as fact, '' as name
{% endmacro %}
