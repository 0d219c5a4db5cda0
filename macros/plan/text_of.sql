{# Any column as text, exactly as Heap would get it. #}
{% macro text_of(expression) %}{{ return(adapter.dispatch('text_of', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__text_of(expression) %}{{ return(dbt.cast(expression, dbt.type_string())) }}{% endmacro %}
