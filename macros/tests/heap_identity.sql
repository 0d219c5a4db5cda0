{# A column holds what Heap takes as the identity of a person, or as the id of an account. #}
{% test heap_identity(model, column_name) %}
    {{ config(fail_calc='coalesce(sum(row_count), 0)') }}
    {{ return(adapter.dispatch('test_heap_identity', 'dbt_heap')(model, column_name)) }}
{% endtest %}

{% macro default__test_heap_identity(model, column_name) %}
    {{ return(dbt_heap.rows_by_reason(model, dbt_heap.identity_reason(column_name))) }}
{% endmacro %}
