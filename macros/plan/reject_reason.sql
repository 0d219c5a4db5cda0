{# Why a row cannot be sent, as a `case` whose first true branch names the reason; null where it can. `plan.rules` are Heap's limits. #}
{% macro reject_reason(plan) %}
    {%- set subject = 'changed.' ~ plan.subject -%}
    case
        when {{ subject }} is null then {{ "'skipped'" if plan.skip_null_identity else "'null_identity'" }}
        when changed.key is null then 'null_key'
        when repeated.key is not null then 'duplicate_key'
        when trim({{ subject }}) = '' then 'blank_identity'
        when {{ dbt.length(subject) }} > {{ plan.rules.max_identity }} then 'long_identity'
        when lower(trim({{ subject }})) in ({% for text in plan.rules.placeholders %}{{ dbt_heap.literal(text) }}{{ ', ' if not loop.last }}{% endfor %}) then 'placeholder_identity'
        {%- for column in plan.columns if column.role == 'event' %}
        when {{ column.stored }} is null or trim({{ column.stored }}) = '' then 'blank_event_name'
        when {{ dbt.length(column.stored) }} > {{ plan.rules.max_event_name }} then 'long_event_name'
        {%- endfor %}
        {%- for column in plan.columns %}{% set broken = dbt_heap.broken_value(plan, column) %}{% if broken %}
        when {{ broken }} then '{{ dbt_heap.broken_reason(column) }}'
        {%- endif %}{% endfor %}
    end
{% endmacro %}
