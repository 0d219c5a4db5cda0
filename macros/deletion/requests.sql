{# Select the requests of a sync that Heap has not reported complete, with the number of people in each. #}
{% macro open_requests(deletion, sync) %}
select log.request_id, count(distinct log.digest) as people
from {{ deletion.log }} as log
where {{ dbt_heap.is_open(deletion, dbt_heap.literal(sync)) }}
group by log.request_id
order by log.request_id
{% endmacro %}

{# Select the rows of a deletion outbox that are in an open request. #}
{% macro rows_in_open_requests(plan) %}
select asked.seq, max(log.request_id) as request_id
from ({{ dbt_heap.outbox_digests(plan) }}) as asked
join {{ plan.deletion.log }} as log on log.digest = asked.digest
where {{ dbt_heap.is_open(plan.deletion, dbt_heap.literal(plan.sync)) }}
group by asked.seq
{% endmacro %}

{# The condition on `log`; `sync` is a literal. #}
{% macro is_open(deletion, sync) -%}
    log.step = 'requested'
    and log.address = {{ dbt_heap.literal(deletion.address) }} and {{ dbt_heap.bytewise('log.sync') }} = {{ sync }}
    and not exists (
        select 1 from {{ deletion.log }} as ended
        where ended.request_id = log.request_id and ended.step in ('deleted', 'lost')
    )
{%- endmacro %}

{# Append how requests ended, for everyone they were about. Safe to repeat. #}
{% macro close_requests(deletion, run_id, step) %}
insert into {{ deletion.log }} ({{ dbt_heap.deletion_columns() }})
select distinct
    '{{ step }}', log.digest, log.address, log.request_id, log.sync, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}
from {{ deletion.log }} as log
where log.step = 'requested' and {{ dbt_heap.of_requests(deletion, 'log') }}
    and not exists (
        select 1 from {{ deletion.log }} as ended
        where ended.request_id = log.request_id and ended.step in ('deleted', 'lost')
    )
{% endmacro %}

{# Return the condition that a row of the deletion log belongs to the given requests. #}
{% macro of_requests(deletion, log) %}
    {{- return(log ~ '.address = ' ~ dbt_heap.literal(deletion.address)
        ~ ' and ' ~ log ~ '.request_id in (' ~ dbt_heap.literals(deletion.requests) ~ ')') -}}
{% endmacro %}

{# Select the people in a deletion outbox, each with a digest. #}
{% macro outbox_digests(plan) %}
    select outbox.seq, {{ dbt_heap.identity_digest(plan.deletion.who, 'outbox.key', 'salted.salt') }} as digest
    from {{ plan.outbox }} as outbox
    cross join {{ dbt_heap.salt_row(plan.deletion) }} as salted
    where outbox.reject is null and outbox.still_rejected is null
{% endmacro %}
