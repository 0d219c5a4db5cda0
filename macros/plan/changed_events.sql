{# Events whose key was never acknowledged. With a lookback, both sides are cut at the same instant. #}
{% macro changed_events(plan) %}
    select
        model.*,
        1 = 1 as is_new,
        {{ dbt.cast('null', dbt.type_string()) }} as changed
    from model
    {% if plan.synced -%}
    left join (
        select key from {{ plan.synced }}
        {%- if plan.newer_than %} where event_at >= {{ dbt_heap.literal(plan.newer_than) }} or event_at is null{% endif %}
    ) as synced on synced.key = model.key
    where synced.key is null
    {%- endif %}
{% endmacro %}
