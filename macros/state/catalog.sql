{# The columns of every relation in a list of schemas, in order: one look at the catalog for all syncs. #}
{% macro catalog(relations) %}{{ return(adapter.dispatch('catalog', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__catalog(relations) %}
{% for database, wanted in relations | groupby('database') %}
select
    {{ dbt_heap.literal(database) }} as database_name,
    table_schema as schema_name, table_name, column_name, data_type, ordinal_position
from {{ adapter.quote(database) ~ '.' if database }}information_schema.columns
where (
    {%- for each in wanted %}
    {{ 'or ' if not loop.first }}(lower(table_schema) = lower({{ dbt_heap.literal(each.schema) }})
        {%- if each.identifier %} and lower(table_name) = lower({{ dbt_heap.literal(each.identifier) }}){% endif %})
    {%- endfor %}
)
{{ 'union all' if not loop.last }}
{% endfor %}
order by 1, 2, 3, 6
{% endmacro %}
