{# Whether a float is no number, or infinite. #}
{% macro not_finite(expression) %}{{ return(adapter.dispatch('not_finite', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__not_finite(expression) %}
    {{ return('lower(' ~ dbt_heap.text_of(expression) ~ ") in ('nan', 'inf', '-inf', '+inf', 'infinity', '-infinity')") }}
{% endmacro %}

{#
    A list of more than five constants becomes a join here, and hundreds of joins take minutes to plan (tried on 2.0):
    https://duckdb.org/docs/stable/sql/functions/numeric
#}
{% macro duckdb__not_finite(expression) %}{{ return('not isfinite(' ~ expression ~ ')') }}{% endmacro %}
