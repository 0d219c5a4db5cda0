{# What Heap acknowledged of some keys, as text: when, by which run, whether in doubt, and the values that Heap holds then. #}
{% macro explain_state(plan, columns) %}
    {%- set events = plan.type == 'events' -%}
select
    key,
    {{ dbt_heap.text_of('acked_at') }} as acked_at,
    run_id,
    {{ '0' if events else 'case when doubt then 1 else 0 end' }} as doubt,
    {{ dbt_heap.text_of('null') if events else 'origin' }} as origin
    {%- for column in columns %},
    {{ dbt_heap.text_of(column) }} as {{ column }}
    {%- endfor %}
from {{ plan.synced }} as synced
where {{ dbt_heap.among('key', plan.only_keys) }}
{% endmacro %}
