{#
    The columns of some relations, in order, by one statement for all syncs: of a whole schema if no identifier is given; without the
    columns that the role may not select if `readable` is set and the catalog shows those too.
#}
{% macro catalog(relations) %}{{ return(adapter.dispatch('catalog', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__catalog(relations) %}
    {%- set views = {} -%}
    {%- for each in relations -%}{%- do views.setdefault(dbt_heap.columns_view(each.database), []).append(each) -%}{%- endfor -%}
select table_catalog, table_schema, table_name, column_name, data_type
from (
    {%- for view, wanted in views.items() %}
    select table_catalog, table_schema, table_name, column_name, {{ dbt_heap.whole_type() }} as data_type, ordinal_position
    from {{ view }}
    where {% for each in wanted %}
        {{- 'or ' if not loop.first }}({{ dbt_heap.same_name('table_schema', each.schema) }}
        {%- if each.database %} and {{ dbt_heap.same_name('table_catalog', each.database) }}{% endif %}
        {%- if each.identifier %} and {{ dbt_heap.same_name('table_name', each.identifier) }}{% endif %})
    {% endfor %}
    {{- 'union all' if not loop.last }}
    {%- endfor %}
) as seen
order by table_catalog, table_schema, table_name, ordinal_position
{% endmacro %}

{# Manifest and catalog may spell a name in another case; which letters have two, is the warehouse's locale's say. #}
{% macro same_name(column, name) %}
    {{- return('(' ~ column ~ ' = ' ~ dbt_heap.literal(name) ~ ' or lower(' ~ column ~ ') = ' ~ dbt_heap.literal(name | lower) ~ ')') }}
{% endmacro %}

{# What it does not list (late-binding views, Spectrum), `redshift__unlisted_columns` does. #}
{% macro redshift__catalog(relations) %}{{ return(dbt_heap.default__catalog(relations)) }}{% endmacro %}
