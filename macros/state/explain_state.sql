{# Select what Heap acknowledged for some keys, as text: when, in which run, whether in doubt, and the values. #}
{% macro explain_state(plan, columns) %}
    {%- set events = plan.type == 'events' -%}
select
    key,
    {{ dbt_heap.as_text('acked_at') }} as acked_at,
    run_id,
    {{ '0' if events else 'case when doubt then 1 else 0 end' }} as doubt,
    {{ dbt_heap.as_text('null') if events else 'origin' }} as origin
    {%- for column in columns %},
    {{ dbt_heap.as_text(column) }} as {{ column }}
    {%- endfor %}
from {{ plan.synced }} as synced
where {{ dbt_heap.one_of('key', plan.only_keys) }}
{% endmacro %}

{# Select why the rows of some keys are rejected, and since when. #}
{% macro explain_rejects(plan) %}
select rejects.key, min(reason) as reason, min(property) as property, {{ dbt_heap.as_text('min(first_at)') }} as since
from (
    select {{ dbt_heap.bytewise('key') }} as key, reason, property, first_at
    from {{ plan.reject_log }}
    where {{ dbt_heap.current_rejects(plan) }} and {{ dbt_heap.one_of('key', plan.only_keys) }}
) as rejects
group by rejects.key
{% endmacro %}
