{#
    Events whose key was never acknowledged. They are looked for in the whole state, also with a lookback: its keys are few bytes
    each, and a time that moved would hide one. docs/decisions/0008-whole-state.md
#}
{% macro changed_events(plan) %}
    select
        model.*,
        1 = 1 as is_new,
        {{ dbt.cast('null', dbt.type_string()) }} as changed
    from model
    {% if plan.synced -%}
    left join {{ plan.synced }} as synced on {{ dbt_heap.bytewise('synced.key') }} = model.key
    where synced.key is null
    {%- endif %}
{% endmacro %}
