{#
    The next generation of the state, by one CTAS: the first one, one with a newly mapped property or a changed type, and every
    one on engines without MERGE. Properties no longer mapped keep their columns. `run.columns` and `run.kept` as in fold_objects,
    `run.older` is the older generation's name or none.
#}
{% macro generation_objects(run) %}
create table {{ run.next }} {{ dbt_heap.stored_as() }} as
with sent as (
    select * from ({{ dbt_heap.decided_rows(run) }}) as decided where verdict <> 'rejected'
)
select
    {{ 'coalesce(sent.key, synced.key)' if run.older else 'sent.key' }} as key,
    {%- for column in run.columns %}
    {%- set before = dbt.safe_cast('synced.' ~ column.name, column.type) if column.known else none %}
    {{ dbt_heap.folded_value(before, sent='sent.' ~ column.name, place=loop.index) }} as {{ column.name }},
    {%- endfor %}
    {%- for name in run.kept %}
    {{ dbt_heap.folded_value('synced.' ~ name) }} as {{ name }},
    {%- endfor %}
    {%- if run.older %}
    case when sent.key is null then synced.doubt else sent.verdict = 'doubt' end as doubt,
    case when sent.key is null then synced.origin else 'sent' end as origin,
    case when sent.verdict = 'accepted' then {{ dbt_heap.now() }} else synced.acked_at end as acked_at,
    case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }} else synced.run_id end as run_id
from {{ run.older }} as synced
full outer join sent on sent.key = synced.key
    {%- else %}
    sent.verdict = 'doubt' as doubt,
    'sent' as origin,
    case when sent.verdict = 'accepted' then {{ dbt_heap.now() }} end as acked_at,
    case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }} end as run_id
from sent
    {%- endif %}
{% endmacro %}
