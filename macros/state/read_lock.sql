{# Who holds a lock, since when, and how many seconds ago that run last wrote anything. #}
{% macro read_lock(state, lock) %}
select
    held.run_id, held.host, held.pid,
    {{ dbt_heap.text_of('held.' ~ adapter.quote('at')) }} as since,
    {{ dbt.datediff('coalesce(log.last_at, held.' ~ adapter.quote('at') ~ ')', dbt.cast(dbt.current_timestamp(), dbt.type_timestamp()), 'second') }} as silent_seconds
from {{ lock }} as held
left join (
    select run_id, max({{ adapter.quote('at') }}) as last_at from {{ state.sync_log }} group by run_id
) as log on log.run_id = held.run_id
{% endmacro %}
