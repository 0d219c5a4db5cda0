{# The key of a row as one text: the value itself of a single column, else every part with its length before it. Null where a part is. #}
{% macro key_text(columns) %}
    {%- if columns | length == 1 -%}{{ return(dbt_heap.text_of(adapter.quote(columns[0]))) }}{%- endif -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = dbt_heap.text_of(adapter.quote(column)) -%}
        {%- do parts.extend([dbt_heap.text_of(dbt.length(text)), "':'", text]) -%}
    {%- endfor -%}
    {{ return(dbt.concat(parts)) }}
{% endmacro %}
