{#
    Create the first generation of an event sync from keys that another tool sent: those before an instant, whatever
    else they hold.
#}
{% macro adopt_events(plan) %}
create table {{ plan.next }} {{ dbt_heap.stored_as() }} as
select key, {{ dbt_heap.now() }} as acked_at, {{ dbt.cast(dbt_heap.literal(plan.run_id), dbt.type_string()) }} as run_id, max(event_at) as event_at
from (
    {{ dbt_heap.model_rows(plan) }}
) as model
where key is not null and event_at < {{ dbt.cast(dbt_heap.literal(plan.before), dbt.type_timestamp()) }}
    {{- dbt_heap.and_not_deleted(plan, plan.subject) }}
group by key
{% endmacro %}

{#
    Create the first generation of a sync of users or accounts from what another tool sent. A key that occurs twice is
    left out, because it is unknown which values Heap has.
#}
{% macro adopt_objects(plan) %}
create table {{ plan.next }} {{ dbt_heap.stored_as() }} as
select
    key,
    {%- for column in plan.columns %}
    {{ column.stored }},
    {%- endfor %}
    1 = 0 as doubt,
    'adopted' as origin,
    {{ dbt_heap.now() }} as acked_at,
    {{ dbt.cast(dbt_heap.literal(plan.run_id), dbt.type_string()) }} as run_id
from (
    select given.*, count(*) over (partition by key) as times
    from (
        {{ dbt_heap.model_rows(plan) }}
    ) as given
) as given
where key is not null and times = 1
    {{- dbt_heap.and_not_deleted(plan, 'key') }}
{% endmacro %}
