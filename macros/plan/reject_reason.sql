{# The reason why a row cannot be sent, from the first true branch; null if it can. #}
{% macro reject_reason(plan) %}
    {%- set subject = 'changed.' ~ plan.subject -%}
    case
        {%- if plan.leaves_out_deleted %}
        when deleted.subject is not null then 'deleted'
        {%- endif %}
        when {{ subject }} is null then {{ "'skipped'" if plan.skip_null_identity else "'null_identity'" }}
        when changed.key is null then 'null_key'
        {{- dbt_heap.identity_branches(subject) }}
        {%- for column in plan.columns if column.role == 'event' %}
        {{- dbt_heap.event_name_branches(column.stored) }}
        {%- endfor %}
        when repeated.key is not null then 'duplicate_key'
        {%- for column in plan.columns %}{% set invalid = dbt_heap.invalid_value(plan, column) %}{% if invalid %}
        when {{ invalid }} then '{{ dbt_heap.invalid_reason(column) }}'
        {%- endif %}{% endfor %}
    end
{% endmacro %}

{#
    Return the reasons, as a list in SQL, for which a row is neither sent nor rejected: its person is unknown, or
    deleted in Heap.
#}
{% macro excluded_reasons() %}{{ return("('skipped', 'deleted')") }}{% endmacro %}

{# Heap's name of the property that makes its row a reject; null for reasons that concern the whole row. #}
{% macro rejected_property(plan) %}
    case
        {%- for column in plan.columns if column.role == 'property' %}{% set invalid = dbt_heap.invalid_value(plan, column) %}{% if invalid %}
        when reject = '{{ dbt_heap.invalid_reason(column) }}' and {{ invalid }} then {{ dbt_heap.as_text(dbt_heap.literal(column.name)) }}
        {%- endif %}{% endfor %}
        when 1 = 0 then {{ dbt_heap.as_text("''") }}
    end
{% endmacro %}
