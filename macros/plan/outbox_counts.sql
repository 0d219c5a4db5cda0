{#
    Count the rows of an outbox, a table or the select itself, in one row. `entry` and `holder` show whether another
    run came in between.
#}
{% macro outbox_counts(plan, outbox) %}
select
    count(case when reject is null and still_rejected is null then 1 end) as sendable,
    count(case when reject is null and still_rejected is null and is_new then 1 end) as new_rows,
    count(case when reject is not null and reject not in {{ dbt_heap.excluded_reasons() }} and still_rejected is null then 1 end) as rejected,
    count(case when still_rejected is not null then 1 end) as still_rejected,
    count(case when reject = 'skipped' then 1 end) as skipped,
    count(case when reject = 'deleted' then 1 end) as deleted,
    count(distinct case when reject is null and still_rejected is null then batch end) as batches
    {%- for column in plan.columns if column.role == 'property' %},
    {%- if plan.type == 'events' %}
    count(case when reject is null and still_rejected is null then {{ column.stored }} end) as changed_{{ loop.index0 }}
    {%- else %}
    count(case when reject is null and still_rejected is null and substring(changed, {{ loop.index }}, 1) = '1' then 1 end) as changed_{{ loop.index0 }}
    {%- endif %}
    {%- endfor %}
    {%- if plan.type == 'events' %},
    {#- a time in the future would hide later events #}
    {{ dbt_heap.as_text('max(case when reject is null and still_rejected is null and event_at <= ' ~ dbt_heap.now() ~ ' then event_at end)') }} as newest_event_at,
    {{ dbt_heap.as_text('min(case when reject is null or reject not in ' ~ dbt_heap.excluded_reasons() ~ ' then event_at end)') }} as oldest,
    {{ dbt_heap.as_text('min(case when still_rejected is not null or reject not in ' ~ dbt_heap.excluded_reasons() ~ ' then event_at end)') }} as oldest_reject
    {%- endif %}
    {%- if plan.least_new %},
    {#- a branch, so the state is only read if rows are new: see recomputed_keys #}
    case when count(case when reject is null and still_rejected is null and is_new then 1 end) >= {{ plan.least_new }} then
        (select count(*) from {{ plan.synced }}{% if plan.newer_than %} where event_at >= {{ dbt.cast(dbt_heap.literal(plan.newer_than), dbt.type_timestamp()) }}{% endif %})
    end as known_rows
    {%- if plan.timestamp %},
    count(case when reject is null and still_rejected is null and event_at <= {{ dbt_heap.newest_known(plan) }} then 1 end) as late_rows
    {%- endif %}
    {%- endif %}
    {%- if plan.count_model %},
    (select count(*) from {{ plan.relation }}) as model_rows
    {%- endif %}
    {%- if plan.count_state %},
    (select count(*) from {{ plan.synced }}) as state_rows
    {%- endif %}
    {%- if plan.lock %},
    (select max(run_id) from {{ plan.lock }}) as holder,
    (select max(entry) from {{ plan.sync_log }} where {{ dbt_heap.of_sync(plan) }}) as entry
    {%- endif %}
from {{ outbox }} as outbox
{% endmacro %}
