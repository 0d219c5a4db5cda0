{#
    Expressions joined by an associative operator, in groups of groups: each link of a chain is one level of nesting. DuckDB takes a thousand
    levels (https://duckdb.org/docs/stable/configuration/overview), and a chain of 900 `||` took it half a minute to plan.
#}
{% macro grouped(expressions, operator) %}
    {%- if expressions | length <= 32 -%}{{ return(expressions | join(operator)) }}{%- endif -%}
    {%- set groups = [] -%}
    {%- for group in expressions | batch(32) -%}{%- do groups.append('(' ~ group | join(operator) ~ ')') -%}{%- endfor -%}
    {{ return(dbt_heap.grouped(groups, operator)) }}
{% endmacro %}
