{# The requests of a sync that Heap has not reported complete yet, with the number of people in each. #}
{% macro open_requests(deletion, sync) %}
select log.request_id, count(distinct log.digest) as people
from {{ deletion.log }} as log
where {{ dbt_heap.is_open(deletion, dbt_heap.literal(sync)) }}
group by log.request_id
order by log.request_id
{% endmacro %}

{# Which rows of a deletion's outbox are in one of them. #}
{% macro open_rows(plan) %}
select asked.seq, max(log.request_id) as request_id
from ({{ dbt_heap.asked_rows(plan) }}) as asked
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
