{# Whether a text is one of some, by its bytes. #}
{% macro among(expression, texts) %}
    {%- set each = [] -%}
    {%- for text in texts -%}{%- do each.append(dbt_heap.literal(text)) -%}{%- endfor -%}
    {{ return(dbt_heap.bytewise(expression) ~ ' in (' ~ each | join(', ') ~ ')' if each else '1 = 0') }}
{% endmacro %}
