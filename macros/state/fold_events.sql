{# Appends the accepted keys to the state, once each however often it is repeated, fenced by the lock. #}
{% macro fold_events(run) %}
insert into {{ run.older }} (key, acked_at, run_id, event_at)
select sent.key, {{ dbt_heap.now() }}, {{ dbt_heap.literal(run.run_id) }}, sent.event_at
from ({{ dbt_heap.decided_rows(run) }}) as sent
where sent.verdict = 'accepted'
    and not exists (select 1 from {{ run.older }} as synced where {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('sent.key') }})
    and exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
{% endmacro %}
