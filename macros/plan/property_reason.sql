{#
    Why Heap would not take what a column holds as a property, or only cut; null where it would. The rules are those of a sync with
    `too_long: reject`. Without the class of the column's type, those of its text.
#}
{% macro property_reason(column, value_class=none) %}
    {%- set property = {'role': 'property', 'value_class': value_class or 'other'} -%}
    {%- do property.update({'stored': dbt_heap.as_stored(column, property)}) -%}
    {%- set broken = dbt_heap.broken_value({'reject_too_long': true}, property) -%}
    {%- if not broken -%}{{ return(dbt.cast('null', dbt.type_string())) }}{%- endif -%}
    case when {{ broken }} then '{{ dbt_heap.broken_reason(property) }}' end
{%- endmacro %}
