{# The newest runs of some syncs, latest first. #}
{% macro read_runs(state, syncs, limit) %}
select run_id, sync, destination, status, {{ dbt_heap.text_of('started_at') }} as started_at, {{ dbt_heap.text_of('last_at') }} as last_at,
    planned, accepted, rejected, undelivered, standing
from {{ state.runs }} as runs
where {{ dbt_heap.of_syncs(syncs) }}
order by started_at desc, sync
limit {{ limit }}
{% endmacro %}
