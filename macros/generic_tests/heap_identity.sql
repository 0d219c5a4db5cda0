{# Fail if a column holds values that Heap would refuse as an identity or an account ID. #}
{% test heap_identity(model, column_name) %}
    {{ config(fail_calc='coalesce(sum(row_count), 0)') }}
    {{ return(adapter.dispatch('test_heap_identity', 'dbt_heap')(model, column_name)) }}
{% endtest %}

{% macro default__test_heap_identity(model, column_name) %}
    {{ return(dbt_heap.rows_by_reason(model, dbt_heap.identity_reason(column_name))) }}
{% endmacro %}
