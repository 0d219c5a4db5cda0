{#
    Select the columns of relations, in order, in one statement for all syncs. Without an identifier, select those of
    the whole schema. With `readable`, leave out columns that the role may not select, if the catalog shows them.
#}
{% macro catalog(relations) %}{{ return(adapter.dispatch('catalog', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__catalog(relations) %}
    {%- set views = {} -%}
    {%- for relation in relations -%}{%- do views.setdefault(dbt_heap.columns_view(relation.database), []).append(relation) -%}{%- endfor -%}
select table_catalog, table_schema, table_name, column_name, data_type
from (
    {%- for view, wanted in views.items() %}
    select table_catalog, table_schema, table_name, column_name, {{ dbt_heap.full_type() }} as data_type, ordinal_position
    from {{ view }}
    where {% for relation in wanted %}
        {{- 'or ' if not loop.first }}({{ dbt_heap.same_name('table_schema', relation.schema) }}
        {%- if relation.database %} and {{ dbt_heap.same_name('table_catalog', relation.database) }}{% endif %}
        {%- if relation.identifier %} and {{ dbt_heap.same_name('table_name', relation.identifier) }}{% endif %})
    {% endfor %}
    {{- 'union all' if not loop.last }}
    {%- endfor %}
) as seen
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}

{# Return the view that lists the columns of a database's relations. #}
{% macro columns_view(database) %}{{ return(adapter.dispatch('columns_view', 'dbt_heap')(database)) }}{% endmacro %}

{% macro default__columns_view(database) %}{{ return('information_schema.columns') }}{% endmacro %}

{#
    The view of all attached databases: an attached Postgres database, which a profile may select, has an
    information_schema of its own.
    https://github.com/duckdb/dbt-duckdb/blob/master/dbt/include/duckdb/macros/adapters.sql
#}
{% macro duckdb__columns_view(database) %}{{ return('system.information_schema.columns') }}{% endmacro %}

{# Each database has its own: https://docs.snowflake.com/en/sql-reference/info-schema #}
{% macro snowflake__columns_view(database) %}
    {{ return(api.Relation.create(database=database or target.database, schema='information_schema', identifier='columns') | string) }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema #}
{% macro databricks__columns_view(database) %}{{ return(dbt_heap.snowflake__columns_view(database)) }}{% endmacro %}

{#
    Return the condition that a column holds a name. The manifest and the catalog may differ in case; the warehouse's
    locale decides which letters have two cases.
#}
{% macro same_name(column, name) %}
    {{- return('(' ~ column ~ ' = ' ~ dbt_heap.literal(name) ~ ' or lower(' ~ column ~ ') = ' ~ dbt_heap.literal(name | lower) ~ ')') }}
{% endmacro %}
