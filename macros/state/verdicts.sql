{# Create the table for a run's verdicts. A verdict on a whole batch has no seq. #}
{% macro create_acked(acked) %}
create table {{ acked }} (
    batch {{ dbt.type_bigint() }}, seq {{ dbt.type_bigint() }}, verdict {{ dbt.type_string() }},
    reason {{ dbt.type_string() }}, property {{ dbt.type_string() }}, {{ adapter.quote('at') }} {{ dbt.type_timestamp() }}
) {{ dbt_heap.stored_as() }}
{% endmacro %}

{# Append verdicts, all of them or none. Their time is the run's heartbeat. #}
{% macro acknowledge(acked, verdicts) %}
{%- set now = dbt_heap.now() %}
insert into {{ acked }} (batch, seq, verdict, reason, property, {{ adapter.quote('at') }}) values
{%- for verdict in verdicts %}
({{ verdict.batch }}, {{ 'null' if verdict.seq is none else verdict.seq }}, '{{ verdict.verdict }}', {{ 'null' if verdict.reason is none else dbt_heap.literal(verdict.reason) }}, {{ 'null' if verdict.property is none else dbt_heap.literal(verdict.property) }}, {{ now }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}

{#
    Select the rows of an outbox that may have been sent, each with its verdict. A row without one is in doubt: Heap
    may or may not have it.
#}
{% macro sent_rows(run) %}
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
    where outbox.reject is null and outbox.{{ run.still_rejected }} is null and outbox.seq <= {{ run.sent_up_to }}
{% endmacro %}

{# Count the rows that may have been sent, by verdict. #}
{% macro verdict_counts(run) %}
select
    count(case when verdict = 'accepted' then 1 end) as accepted,
    count(case when verdict = 'rejected' then 1 end) as rejected
from ({{ dbt_heap.sent_rows(run) }}) as decided
{% endmacro %}
