{# Any column as text, exactly as Heap would get it, and compared by its bytes. #}
{% macro text_of(expression) %}{{ return(adapter.dispatch('text_of', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__text_of(expression) %}{{ return(dbt_heap.bytewise(dbt.cast(expression, dbt.type_string()))) }}{% endmacro %}
