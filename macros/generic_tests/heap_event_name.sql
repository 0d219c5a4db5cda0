{# Fail if a column holds event names that Heap would refuse. #}
{% test heap_event_name(model, column_name) %}
    {{ config(fail_calc='coalesce(sum(row_count), 0)') }}
    {{ return(adapter.dispatch('test_heap_event_name', 'dbt_heap')(model, column_name)) }}
{% endtest %}

{% macro default__test_heap_event_name(model, column_name) %}
    {{ return(dbt_heap.rows_by_reason(model, dbt_heap.event_name_reason(column_name))) }}
{% endmacro %}
