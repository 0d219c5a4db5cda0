{# The rows of one of the state's views, for a model; as long as no sync has made it, none, of the same `columns` (name: type). #}
{% macro state_rows(view, columns) %}
    {%- set relation = dbt_heap.state_view(view) -%}
    {%- if relation -%}
select {{ columns | join(', ') }} from {{ relation }}
    {%- else -%}
select *
from (select {% for name, type in columns.items() %}{{ dbt.cast('null', type) }} as {{ name }}{{ ', ' if not loop.last }}{% endfor %}) as nothing
where 1 = 0
    {%- endif -%}
{% endmacro %}

{# The view in the warehouse; none where it is not there. That is told, since a model without rows looks as if all were well. #}
{% macro state_view(view) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set declared = dbt_heap.declared_relation(view) -%}
    {%- set relation = load_relation(declared) -%}
    {%- if not relation -%}
        {%- do log('dbt_heap: there is no view ' ~ view ~ ' in the schema ' ~ declared.schema ~ ': no sync has run yet, or elsewhere', info=true) -%}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
