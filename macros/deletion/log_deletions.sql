{# Appends a step for people of a deletion's outbox: for all of them, or for those of some seqs. Safe to repeat. #}
{% macro log_deletions(plan, run_id, step, request_id=none, seqs=none) %}
insert into {{ plan.deletion.log }} ({{ dbt_heap.deletion_columns() }})
select
    '{{ step }}', asked.digest, {{ dbt_heap.literal(plan.deletion.address) }}, {{ dbt_heap.literal(request_id) }},
    {{ dbt_heap.literal(plan.sync) }}, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}
from ({{ dbt_heap.asked_rows(plan) }}) as asked
where {{ 'asked.seq in (' ~ seqs | join(', ') ~ ')' if seqs is not none else '1 = 1' }}
    and not exists (
        select 1 from {{ plan.deletion.log }} as written
        where written.run_id = {{ dbt_heap.literal(run_id) }} and written.step = '{{ step }}' and written.digest = asked.digest
    )
{% endmacro %}

{# The columns of the deletion log, in order. #}
{% macro deletion_columns() %}step, digest, address, request_id, sync, run_id, {{ adapter.quote('at') }}{% endmacro %}
