{# The first generation of a sync of users or accounts, of what Heap has from another tool. Where a key stands twice, nobody knows which values it has. #}
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
