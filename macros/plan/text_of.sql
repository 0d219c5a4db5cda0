{# Any column as text, exactly as Heap would get it, and compared by its bytes. #}
{% macro text_of(expression) %}{{ adapter.dispatch('text_of', 'dbt_heap')(expression) }}{% endmacro %}

{% macro default__text_of(expression) %}{{ dbt_heap.bytewise('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') }}{% endmacro %}
