{#
    information_schema has no columns of late-binding views, of Spectrum's external tables, and of tables in other
    databases (datashares). The function for late-binding views reads all of them in the database, so it only runs if
    one is needed.
    https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_COLUMNS.html
    https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_ALL_COLUMNS.html
#}
{% macro redshift__unlisted_columns(relations) %}
    {%- set here = [] -%}
    {%- set elsewhere = [] -%}
    {%- for relation in relations -%}
        {%- do (here if (relation.database or target.database) | lower == target.database | lower else elsewhere).append(relation) -%}
    {%- endfor -%}
    {%- set rows = [] -%}
    {%- if here -%}{%- do rows.extend(run_query(dbt_heap.redshift_unbound_columns(here)).rows) -%}{%- endif -%}
    {%- if elsewhere -%}{%- do rows.extend(run_query(dbt_heap.redshift_shared_columns(elsewhere)).rows) -%}{%- endif -%}
    {{ return(rows) }}
{% endmacro %}

{# Select the columns of late-binding views and external tables. #}
{% macro redshift_unbound_columns(relations) %}
select {{ dbt_heap.literal(target.database) }} as table_catalog, table_schema, table_name, column_name, data_type
from (
    select view_schema::text as table_schema, view_name::text as table_name, col_name::text as column_name, col_type::text as data_type, ordinal_position
    from pg_get_late_binding_view_cols()
        as cols(view_schema name, view_name name, col_name name, col_type varchar, ordinal_position int)
    where {{ dbt_heap.matches_any(relations, 'view_schema', 'view_name') }}
    union all
    select schemaname::text, tablename::text, columnname::text, external_type::text, columnnum
    from pg_catalog.svv_external_columns
    where {{ dbt_heap.matches_any(relations, 'schemaname', 'tablename') }}
) as seen
order by table_schema, table_name, ordinal_position
{% endmacro %}

{# Select the columns of tables in other databases. #}
{% macro redshift_shared_columns(relations) %}
select
    database_name as table_catalog, schema_name as table_schema, table_name, column_name,
    case when data_type = 'numeric' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' else data_type end as data_type
from svv_all_columns
where {{ dbt_heap.matches_any(relations, 'schema_name', 'table_name', 'database_name') }}
order by database_name, schema_name, table_name, ordinal_position
{% endmacro %}

{# Return the condition that a row belongs to one of the relations. #}
{% macro matches_any(relations, schema, table, database=none) %}
    {%- set conditions = [] -%}
    {%- for relation in relations -%}
        {%- set names = [dbt_heap.same_name(schema, relation.schema), dbt_heap.same_name(table, relation.identifier)] -%}
        {%- if database -%}{%- do names.append(dbt_heap.same_name(database, relation.database)) -%}{%- endif -%}
        {%- do conditions.append('(' ~ names | join(' and ') ~ ')') -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
