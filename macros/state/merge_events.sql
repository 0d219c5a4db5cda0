{# Append the accepted keys to the state, each once however often this is repeated, if the run still holds its lock. #}
{% macro merge_events(run) %}
insert into {{ run.older }} (key, acked_at, run_id, event_at)
select sent.key, {{ dbt_heap.now() }}, {{ dbt_heap.literal(run.run_id) }}, sent.event_at
from ({{ dbt_heap.sent_rows(run) }}) as sent
where sent.verdict = 'accepted'
    and not exists (select 1 from {{ run.older }} as synced where {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('sent.key') }})
    and exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
{% endmacro %}

{# Create the first generation of a sync's acknowledged event keys. #}
{% macro create_event_generation(run) %}
create table {{ run.next }} {{ dbt_heap.stored_as() }} as
select {{ dbt_heap.bytewise('sent.key') }} as key, {{ dbt_heap.now() }} as acked_at, {{ dbt.cast(dbt_heap.literal(run.run_id), dbt.type_string()) }} as run_id, sent.event_at
from ({{ dbt_heap.sent_rows(run) }}) as sent
where sent.verdict = 'accepted'
{% endmacro %}
