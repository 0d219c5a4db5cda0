{# The rejects that stand now: those of the run that each sync's newest entry names. #}
{% macro rejects_view(state) %}
select rejects.*
from {{ state.reject_log }} as rejects
join (
    select destination, sync, rejects_run_id,
        row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by entry desc) as newness
    from {{ state.sync_log }}
) as newest
    on newest.newness = 1
    and {{ dbt_heap.bytewise('newest.destination') }} = {{ dbt_heap.bytewise('rejects.destination') }}
    and {{ dbt_heap.bytewise('newest.sync') }} = {{ dbt_heap.bytewise('rejects.sync') }}
    and newest.rejects_run_id = rejects.run_id
{% endmacro %}
