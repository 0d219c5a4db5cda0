{#
    What keeps a relation's columns from being read, one row for each fact: `role` (its name), `no_database` (what the profile connects
    to), `no_schema`, `no_relation`, `no_usage` of the schema, `no_select`, `no_column` (its name), `hidden` (the warehouse shows only what
    is granted). Asked only if something is missing.
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

{# `describe` says "does not exist or not authorized" of both: https://docs.snowflake.com/en/user-guide/security-access-control-overview #}
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

{# Nothing of a relation, which the role may read or not. #}
{% macro no_rows(relation) %}
select * from {{ relation }} where 1 = 0
{% endmacro %}
