{# Why Heap would not take what a column holds as the name of an event; null where it would. #}
{% macro event_name_reason(column) %}
    case {{- dbt_heap.event_name_branches(dbt_heap.text_of(column)) }}
    end
{%- endmacro %}

{# The branches of it, which a sync shares. #}
{% macro event_name_branches(event_name) %}
        when {{ event_name }} is null or {{ dbt_heap.trimmed(event_name) }} = '' then 'blank_event_name'
        when {{ dbt.length(event_name) }} > {{ dbt_heap.limits().max_event_name }} then 'long_event_name'
{%- endmacro %}
