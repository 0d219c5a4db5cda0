{# An array, struct, map or json column as JSON text, the same for the same value. #}
{% macro json_text(expression) %}{{ return(adapter.dispatch('json_text', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__json_text(expression) %}{{ return(dbt_heap.text_of('to_json(' ~ expression ~ ')')) }}{% endmacro %}
