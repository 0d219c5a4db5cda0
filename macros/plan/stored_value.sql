{# A mapped column as outbox and synced tables hold it: typed where equality is safe, canonical text elsewhere. #}
{% macro stored_value(column) %}{{ return(dbt_heap.as_stored(adapter.quote(column.column), column)) }}{% endmacro %}

{# An expression of a column's class, in that form. #}
{% macro as_stored(expression, column) %}
    {%- if column.value_class in ('array', 'json') -%}{{ return(dbt_heap.json_text(expression)) }}{%- endif -%}
    {%- if column.value_class == 'bytes' -%}{{ return("case when " ~ expression ~ " is not null then 'bytes' end") }}{%- endif -%}
    {%- if column.role == 'property' and column.value_class not in ('other', 'text') -%}{{ return(expression) }}{%- endif -%}
    {%- if column.role == 'timestamp' -%}{{ return(expression) }}{%- endif -%}
    {{ return(dbt_heap.text_of(expression)) }}
{% endmacro %}
