{#
    Brings accepted values and doubts into the state: in place by one MERGE, fenced by the lock; `run.columns` are the outbox's
    property columns in the order of its mask, so that an older run's outbox folds like a new one; `run.kept` are the state's others.
#}
{% macro fold_objects(run) %}{{ return(adapter.dispatch('fold_objects', 'dbt_heap')(run)) }}{% endmacro %}

{% macro default__fold_objects(run) %}
merge into {{ run.synced }} as synced
using (
    select decided.*
    from ({{ dbt_heap.decided_rows(run) }}) as decided
    where verdict <> 'rejected' and exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
) as sent
on synced.key = sent.key
when matched then update set
    {%- for column in run.columns %}
    {{ column.name }} = {{ dbt_heap.folded_value('synced.' ~ column.name, sent='sent.' ~ column.name, place=loop.index) }},
    {%- endfor %}
    {%- for name in run.kept %}
    {{ name }} = {{ dbt_heap.folded_value('synced.' ~ name) }},
    {%- endfor %}
    doubt = sent.verdict = 'doubt',
    origin = 'sent',
    acked_at = case when sent.verdict = 'accepted' then {{ dbt_heap.now() }} else synced.acked_at end,
    run_id = case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }} else synced.run_id end
when not matched then insert (key, {% for column in run.columns %}{{ column.name }}, {% endfor %}doubt, origin, acked_at, run_id) values (
    sent.key,
    {%- for column in run.columns %}
    case when sent.verdict = 'accepted' then sent.{{ column.name }} end,
    {%- endfor %}
    sent.verdict = 'doubt',
    'sent',
    case when sent.verdict = 'accepted' then {{ dbt_heap.now() }} end,
    case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }} end
)
{% endmacro %}
