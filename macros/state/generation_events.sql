{# The first generation of a sync's acknowledged event keys. #}
{% macro generation_events(run) %}
create table {{ run.next }} {{ dbt_heap.stored_as() }} as
select {{ dbt_heap.bytewise('sent.key') }} as key, {{ dbt_heap.now() }} as acked_at, {{ dbt.cast(dbt_heap.literal(run.run_id), dbt.type_string()) }} as run_id, sent.event_at
from ({{ dbt_heap.decided_rows(run) }}) as sent
where sent.verdict = 'accepted'
{% endmacro %}
