{# The newest runs of some syncs, latest first: those that began after an instant, those that ended in one of some ways. #}
{% macro read_runs(state, syncs, limit, since=none, statuses=[]) %}
select run_id, sync, destination, status, {{ dbt_heap.text_of('started_at') }} as started_at, {{ dbt_heap.text_of('last_at') }} as last_at,
    planned, accepted, rejected, undelivered, standing
from {{ state.runs }} as runs
where {{ dbt_heap.of_syncs(syncs) }}
{{- dbt_heap.only_since('started_at', since) }}
{{- dbt_heap.only_among('status', statuses) }}
order by started_at desc, sync
limit {{ limit }}
{% endmacro %}
