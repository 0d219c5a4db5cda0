{# The newest runs, latest first; of one sync where it is named. #}
{% macro read_runs(state, destination, syncs, limit) %}
select run_id, sync, status, {{ dbt_heap.text_of('started_at') }} as started_at, {{ dbt_heap.text_of('last_at') }} as last_at,
    planned, accepted, rejected, undelivered, standing
from {{ state.runs }}
where destination = {{ dbt_heap.literal(destination) }}
    and sync in ({% for sync in syncs %}{{ dbt_heap.literal(sync) }}{{ ', ' if not loop.last }}{% endfor %})
order by started_at desc, sync
limit {{ limit }}
{% endmacro %}
