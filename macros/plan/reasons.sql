{# The reason why Heap would refuse a column's value as an identity; null if it would not. #}
{% macro identity_reason(column) %}
    {%- set identity = dbt_heap.as_text(column) -%}
    case
        when {{ identity }} is null then 'null_identity'
        {{- dbt_heap.identity_branches(identity) }}
    end
{%- endmacro %}

{# The branches that a sync shares. A sync handles null itself, because it may skip such rows. #}
{% macro identity_branches(identity) %}
    {%- set limits = dbt_heap.limits() %}
        when {{ dbt_heap.trimmed(identity) }} = '' then 'blank_identity'
        when {{ dbt.length(identity) }} > {{ limits.max_identity }} then 'long_identity'
        when lower({{ dbt_heap.trimmed(identity) }}) in ({{ dbt_heap.literals(limits.placeholders) }}) then 'placeholder_identity'
{%- endmacro %}

{# The reason why Heap would refuse a column's value as an event name; null if it would not. #}
{% macro event_name_reason(column) %}
    case {{- dbt_heap.event_name_branches(dbt_heap.as_text(column)) }}
    end
{%- endmacro %}

{# The branches that a sync shares. #}
{% macro event_name_branches(event_name) %}
        when {{ event_name }} is null or {{ dbt_heap.trimmed(event_name) }} = '' then 'blank_event_name'
        when {{ dbt.length(event_name) }} > {{ dbt_heap.limits().max_event_name }} then 'long_event_name'
{%- endmacro %}

{#
    The reason why Heap would refuse or truncate a column's value as a property; null if it would not. The rules are
    those of a sync with `too_long: reject`. Without the class of the column's type, the value's text is checked.
#}
{% macro property_reason(column, value_class=none) %}
    {%- set property = {'role': 'property', 'value_class': value_class or 'other'} -%}
    {%- do property.update({'stored': dbt_heap.as_stored(column, property)}) -%}
    {%- set invalid = dbt_heap.invalid_value({'reject_too_long': true}, property) -%}
    {%- if not invalid -%}{{ return(dbt.cast('null', dbt.type_string())) }}{%- endif -%}
    case when {{ invalid }} then '{{ dbt_heap.invalid_reason(property) }}' end
{%- endmacro %}
