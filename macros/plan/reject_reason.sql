{# Why a row cannot be sent, as a `case` whose first true branch names the reason; null where it can. #}
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
        {%- for column in plan.columns %}{% set broken = dbt_heap.broken_value(plan, column) %}{% if broken %}
        when {{ broken }} then '{{ dbt_heap.broken_reason(column) }}'
        {%- endif %}{% endfor %}
    end
{% endmacro %}
