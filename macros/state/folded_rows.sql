{#
    The keys that were sent as the state has them next. `run.columns` are the outbox's property columns in the order of its mask, so that
    an older run's outbox folds like a new one; `run.kept` are those of the state that are mapped no more. Each has the type it is stored by.
#}
{% macro folded_rows(run) %}
    select
        {{ dbt_heap.bytewise('sent.key') }} as key,
        {%- for column in run.columns %}
        {{ dbt_heap.folded_value(column, place=loop.index) }} as {{ column.name }},
        {%- endfor %}
        {%- for column in run.kept %}
        {{ dbt_heap.folded_value(column) }} as {{ column.name }},
        {%- endfor %}
        sent.verdict = 'doubt' as doubt,
        'sent' as origin,
        case when sent.verdict = 'accepted' then {{ dbt_heap.now() }}{{ ' else synced.acked_at' if run.older }} end as acked_at,
        case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }}{{ ' else synced.run_id' if run.older }} end as run_id
    from (
        -- worked out once, not in the expression of every property
        select decided.*, case when decided.verdict = 'accepted' then decided.changed end as accepted_mask
        from ({{ dbt_heap.decided_rows(run) }}) as decided
    ) as sent
    {%- if run.older %}
    left join {{ run.older }} as synced on {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('sent.key') }}
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
{% macro folded_value(column, place=none) -%}
    case
        {%- if place %} when substring(sent.accepted_mask, {{ place }}, 1) = '1' then {{ dbt_heap.restored('sent', column) }}{% endif %}
        {%- if column.known %} when sent.verdict = 'accepted' and synced.doubt then null else {{ dbt_heap.restored('synced', column) }}{% endif %} end
{%- endmacro %}

{# A column of the state on its way into the next one, which has no collation but the binary one. #}
{% macro restored(table, column) %}
    {{- return(dbt_heap.compared(table ~ '.' ~ column.name, dbt_heap.value_class(column.type))) -}}
{% endmacro %}
