{#
    The keys that were sent as the state has them next. `run.columns` are the outbox's property columns in the order of its mask, so that
    an older run's outbox folds like a new one; `run.kept` are those of the state that are mapped no more.
#}
{% macro folded_rows(run) %}
    select
        sent.key,
        {%- for column in run.columns %}
        {{ dbt_heap.folded_value(column.name if column.known, sent=column.name, place=loop.index) }} as {{ column.name }},
        {%- endfor %}
        {%- for name in run.kept %}
        {{ dbt_heap.folded_value(name) }} as {{ name }},
        {%- endfor %}
        sent.verdict = 'doubt' as doubt,
        'sent' as origin,
        case when sent.verdict = 'accepted' then {{ dbt_heap.now() }}{{ ' else synced.acked_at' if run.older }} end as acked_at,
        case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }}{{ ' else synced.run_id' if run.older }} end as run_id
    from ({{ dbt_heap.decided_rows(run) }}) as sent
    {%- if run.older %}
    left join {{ run.older }} as synced on synced.key = sent.key
    {%- endif %}
    where sent.verdict <> 'rejected'
{% endmacro %}

{# The columns of a row that tell of the row itself, after its key and its properties. #}
{% macro own_columns() %}{{ return(['doubt', 'origin', 'acked_at', 'run_id']) }}{% endmacro %}

{#
    What a property's value in the state becomes: the one that was accepted, else the one before. Where the row was in doubt and is
    no more, a property that was not sent is forgotten: Heap holds the value before or the one that was in doubt, and when the model
    comes back to either, it has to be sent.
#}
{% macro folded_value(before, sent=none, place=none) -%}
    case
        {%- if sent %} when sent.verdict = 'accepted' and substring(sent.changed, {{ place }}, 1) = '1' then sent.{{ sent }}{% endif %}
        {%- if before %} when sent.verdict = 'accepted' and synced.doubt then null else synced.{{ before }}{% endif %} end
{%- endmacro %}
