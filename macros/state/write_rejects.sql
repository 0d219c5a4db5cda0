{#
    Append the rejects that are current after a run, with the time they were first seen. The newest entry of the log
    then names this run. Safe to repeat.
#}
{% macro write_rejects(state, plan, run_id, acked) %}
insert into {{ state.reject_log }} (destination, sync, run_id, key, digest, reason, property, first_at, last_at, {{ adapter.quote('rows') }})
select
    {{ dbt_heap.literal(plan.destination) }}, {{ dbt_heap.literal(plan.sync) }}, {{ dbt_heap.literal(run_id) }},
    found.key, found.digest, found.reason, found.property,
    coalesce(before.first_at, {{ dbt_heap.now() }}), {{ dbt_heap.now() }}, found.found_rows
from (
    select key, digest, reason, property, count(*) as found_rows
    from (
        select
            coalesce({{ dbt_heap.bytewise('outbox.key') }}, '') as key,
            {{ dbt_heap.digest(plan, 'outbox') }} as digest,
            coalesce({{ 'single.reason, ' if acked }}outbox.reject, outbox.still_rejected) as reason,
            {{ dbt_heap.bytewise('coalesce(single.property, outbox.property)' if acked else 'outbox.property') }} as property
        from {{ plan.outbox }} as outbox
        {%- if acked %}
        left join (
            select seq, min(reason) as reason, min(property) as property
            from {{ acked }} where verdict = 'rejected' group by seq
        ) as single on single.seq = outbox.seq
        {%- endif %}
        where (outbox.reject is not null and outbox.reject not in {{ dbt_heap.excluded_reasons() }}) or outbox.still_rejected is not null{{ ' or single.seq is not null' if acked }}
    ) as rejected
    group by key, digest, reason, property
) as found
left join (
    select earlier.key, earlier.digest, min(earlier.first_at) as first_at
    from (
        select {{ dbt_heap.bytewise('key') }} as key, {{ dbt_heap.bytewise('digest') }} as digest, first_at
        from {{ state.reject_log }}
        where {{ dbt_heap.current_rejects(plan) }}
    ) as earlier
    group by earlier.key, earlier.digest
) as before on before.key = found.key and before.digest = found.digest
where not exists (
    select 1 from {{ state.reject_log }} as written
    where written.run_id = {{ dbt_heap.literal(run_id) }} and {{ dbt_heap.of_sync(plan) }}
)
{% endmacro %}
