{# The newest runs of each of some syncs, the earliest first. #}
{% macro read_history(state, syncs, limit) %}
select run_id, sync, status, {{ dbt_heap.text_of('started_at') }} as started_at,
    planned, accepted, rejected, undelivered, standing
from (
    select runs.*, row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by started_at desc, run_id desc) as newness
    from {{ state.runs }} as runs
    where {{ dbt_heap.of_syncs(syncs) }}
) as numbered
where newness <= {{ limit }}
order by numbered.started_at, sync
{% endmacro %}
