{# Which property made its row a reject: Heap's name of it, null for reasons of the whole row. #}
{% macro rejected_property(plan) %}
    case
        {%- for column in plan.columns if column.role == 'property' %}{% set broken = dbt_heap.broken_value(plan, column) %}{% if broken %}
        when reject = '{{ dbt_heap.broken_reason(column) }}' and {{ broken }} then {{ dbt_heap.text_of(dbt_heap.literal(column.name)) }}
        {%- endif %}{% endfor %}
        when 1 = 0 then {{ dbt_heap.text_of("''") }}
    end
{% endmacro %}
