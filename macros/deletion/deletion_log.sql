{#
    Create the log of deleted people. It stores digests that are worthless without the salt in its first row, and is
    only appended to. One statement creates the table and its salt, so of two runs at once one is refused.
    Steps: `salt`; `asked` (no sync sends these people any more); `requested` (Heap has the request); `deleted` (Heap
    is done and the state is purged); `lost` (Heap no longer knows the request).
#}
{% macro create_deletion_log(deletion_log, seed) %}
    {%- set text = dbt.type_string() -%}
create table {{ deletion_log }} {{ dbt_heap.stored_as() }} as
select
    {{ dbt.cast("'salt'", text) }} as step,
    {{ dbt.cast(dbt_heap.sha256(dbt.concat([dbt_heap.literal(seed), dbt_heap.random_text()])), text) }} as digest,
    {%- for name in ['address', 'request_id', 'sync', 'run_id'] %}
    {{ dbt.cast('null', text) }} as {{ name }},
    {%- endfor %}
    {{ dbt_heap.now() }} as {{ adapter.quote('at') }}
{% endmacro %}

{# Append a step for people in a deletion outbox: for all of them, or for those with the given seqs. Safe to repeat. #}
{% macro log_deletions(plan, run_id, step, request_id=none, seqs=none) %}
insert into {{ plan.deletion.log }} ({{ dbt_heap.deletion_columns() }})
select
    '{{ step }}', asked.digest, {{ dbt_heap.literal(plan.deletion.address) }}, {{ dbt_heap.literal(request_id) }},
    {{ dbt_heap.literal(plan.sync) }}, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}
from ({{ dbt_heap.outbox_digests(plan) }}) as asked
where {{ 'asked.seq in (' ~ seqs | join(', ') ~ ')' if seqs is not none else '1 = 1' }}
    and not exists (
        select 1 from {{ plan.deletion.log }} as written
        where written.run_id = {{ dbt_heap.literal(run_id) }} and written.step = '{{ step }}' and written.digest = asked.digest
    )
{% endmacro %}

{# Append a step for digests that were computed elsewhere, so the statement contains no identity. #}
{% macro log_digests(deletion, run_id, step, request_id, digests) %}
insert into {{ deletion.log }} ({{ dbt_heap.deletion_columns() }}) values
{%- for digest in digests %}
('{{ step }}', {{ dbt_heap.literal(digest) }}, {{ dbt_heap.literal(deletion.address) }}, {{ dbt_heap.literal(request_id) }}, null, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}){{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}

{# The columns of the deletion log, in order. #}
{% macro deletion_columns() %}step, digest, address, request_id, sync, run_id, {{ adapter.quote('at') }}{% endmacro %}
