{#
    Select which process holds a lock, since when, and for how many seconds its run has written nothing, neither a
    step nor verdicts.
#}
{% macro read_lock(state, lock, acked) %}
    {%- set at = adapter.quote('at') -%}
select held.run_id, held.host, held.pid, held.since, {{ dbt.datediff('held.last_at', dbt_heap.now(), 'second') }} as silent_seconds
from (
    select
        run_id, host, pid, {{ dbt_heap.as_text(at) }} as since,
        greatest(
            {{ at }},
            coalesce((select max({{ at }}) from {{ state.sync_log }} as log where log.run_id = own.run_id), {{ at }})
            {%- if acked %},
            coalesce((select max({{ at }}) from {{ acked }}), {{ at }})
            {%- endif %}
        ) as last_at
    from {{ lock }} as own
) as held
{% endmacro %}

{#
    Select the run that holds a lock. A run that lost its lock never holds it again, so if it still does, what it
    wrote before is durable.
#}
{% macro lock_holder(lock) %}select run_id from {{ lock }}{% endmacro %}
