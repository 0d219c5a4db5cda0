{# Whether an expression is one of some texts. #}
{% macro among(expression, texts) %}
    {%- set each = [] -%}
    {%- for text in texts -%}{%- do each.append(dbt_heap.literal(text)) -%}{%- endfor -%}
    {{ return(expression ~ ' in (' ~ each | join(', ') ~ ')' if each else '1 = 0') }}
{% endmacro %}
