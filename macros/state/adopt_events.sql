{# The first generation of an event sync, of keys that another tool has sent: those before an instant, whatever else they hold. #}
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
