{# Fail if a column holds values that Heap would refuse as a property, or that would be truncated. #}
{% test heap_property(model, column_name) %}
    {{ config(fail_calc='coalesce(sum(row_count), 0)') }}
    {{ return(adapter.dispatch('test_heap_property', 'dbt_heap')(model, column_name)) }}
{% endtest %}

{% macro default__test_heap_property(model, column_name) %}
    {%- set value_class = dbt_heap.tested_class(model, column_name) -%}
    {{ return(dbt_heap.rows_by_reason(model, dbt_heap.property_reason(column_name, value_class))) }}
{% endmacro %}
