{# Return the condition that a text is one of some, compared by its bytes. #}
{% macro one_of(expression, texts) %}
    {{ return(dbt_heap.bytewise(expression) ~ ' in (' ~ dbt_heap.literals(texts) ~ ')' if texts else '1 = 0') }}
{% endmacro %}

{# Expand to a SQL list of texts. #}
{% macro literals(texts) %}
    {%- for text in texts %}{{ dbt_heap.literal(text) }}{{ ', ' if not loop.last }}{% endfor -%}
{% endmacro %}

{#
    Join expressions with an associative operator, in nested groups. Each link of a chain is one level of nesting;
    DuckDB allows a thousand levels (https://duckdb.org/docs/stable/configuration/overview) and took half a minute to
    plan a chain of 900 `||`.
#}
{% macro joined(expressions, operator) %}
    {%- if expressions | length <= 32 -%}{{ return(expressions | join(operator)) }}{%- endif -%}
    {%- set groups = [] -%}
    {%- for group in expressions | batch(32) -%}{%- do groups.append('(' ~ group | join(operator) ~ ')') -%}{%- endfor -%}
    {{ return(dbt_heap.joined(groups, operator)) }}
{% endmacro %}

{# Return the warehouse's clock, in UTC. #}
{% macro now() %}{{ return(dbt.cast(dbt.current_timestamp(), dbt.type_timestamp())) }}{% endmacro %}
