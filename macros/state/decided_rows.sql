{# The rows of an outbox that may have been sent, each with its verdict; without one it is in doubt: Heap may hold it or not. #}
{% macro decided_rows(run) %}
    select
        outbox.*,
        case
            when single.verdict is not null then single.verdict
            when whole.batch is not null then 'accepted'
            else 'doubt'
        end as verdict,
        coalesce(single.decided_at, whole.decided_at) as decided_at
    from {{ run.outbox }} as outbox
    left join (
        select batch, min({{ adapter.quote('at') }}) as decided_at from {{ run.acked }} where seq is null group by batch
    ) as whole on whole.batch = outbox.batch
    left join (
        select seq, min(verdict) as verdict, min({{ adapter.quote('at') }}) as decided_at from {{ run.acked }} where seq is not null group by seq
    ) as single on single.seq = outbox.seq
    where outbox.reject is null and outbox.stood is null and outbox.seq <= {{ run.horizon }}
{% endmacro %}
