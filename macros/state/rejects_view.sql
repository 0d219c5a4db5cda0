{# The rejects that stand now: those of the run that each sync's newest entry names. #}
{% macro rejects_view(state) %}
select rejects.*
from {{ state.reject_log }} as rejects
join (
    select destination, sync, rejects_run_id,
        row_number() over (partition by destination, sync order by entry desc) as newness
    from {{ state.sync_log }}
) as newest
    on newest.newness = 1
    and newest.destination = rejects.destination
    and newest.sync = rejects.sync
    and newest.rejects_run_id = rejects.run_id
{% endmacro %}
