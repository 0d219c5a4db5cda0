{# The columns of some relations (of a whole schema where no identifier is given), in order: one look for all syncs. #}
{% macro catalog(relations) %}{{ return(adapter.dispatch('catalog', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__catalog(relations) %}
select table_catalog, table_schema, table_name, column_name, data_type
from information_schema.columns
where {% for each in relations %}
    {{- 'or ' if not loop.first }}({{ dbt_heap.same_name('table_schema', each.schema) }}
    {%- if each.database %} and {{ dbt_heap.same_name('table_catalog', each.database) }}{% endif %}
    {%- if each.identifier %} and {{ dbt_heap.same_name('table_name', each.identifier) }}{% endif %})
{% endfor %}
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}

{# Manifest and catalog may spell a name in another case. #}
{% macro same_name(column, name) %}{{ return('lower(' ~ column ~ ') = ' ~ dbt_heap.literal(name | lower)) }}{% endmacro %}
