{#
    Select the sent keys with their next state. `run.columns` are the outbox's property columns in the order of its
    mask, so an older run's outbox merges like a new one; `run.kept` are columns of the state that are no longer
    mapped. Each has the type it is stored with.
#}
{% macro merged_rows(run) %}
    select
        {{ dbt_heap.bytewise('sent.key') }} as key,
        {%- for state_column in run.columns %}
        {{ dbt_heap.merged_value(state_column, place=loop.index) }} as {{ state_column.name }},
        {%- endfor %}
        {%- for state_column in run.kept %}
        {{ dbt_heap.merged_value(state_column) }} as {{ state_column.name }},
        {%- endfor %}
        sent.verdict = 'doubt' as doubt,
        'sent' as origin,
        case when sent.verdict = 'accepted' then {{ dbt_heap.now() }}{{ ' else synced.acked_at' if run.older }} end as acked_at,
        case when sent.verdict = 'accepted' then {{ dbt_heap.literal(run.run_id) }}{{ ' else synced.run_id' if run.older }} end as run_id
    from (
        -- computed once instead of in the expression of every property
        select decided.*, case when decided.verdict = 'accepted' then decided.changed end as accepted_mask
        from ({{ dbt_heap.sent_rows(run) }}) as decided
    ) as sent
    {%- if run.older %}
    left join {{ run.older }} as synced on {{ dbt_heap.bytewise('synced.key') }} = {{ dbt_heap.bytewise('sent.key') }}
    {%- endif %}
    where sent.verdict <> 'rejected'
{% endmacro %}

{# Return the columns that describe a row itself; they follow its key and properties. #}
{% macro metadata_columns() %}{{ return(['doubt', 'origin', 'acked_at', 'run_id']) }}{% endmacro %}

{#
    The next value of a property in the state: the accepted one, or the previous one. If the row was in doubt and no
    longer is, a property that was not sent becomes null: Heap has either the previous value or the one in doubt, so
    both must be sent if the model returns to them.
#}
{% macro merged_value(state_column, place=none) -%}
    case
        {%- if place %} when substring(sent.accepted_mask, {{ place }}, 1) = '1' then {{ dbt_heap.kept_value('sent', state_column) }}{% endif %}
        {%- if state_column.known %} when sent.verdict = 'accepted' and synced.doubt then null else {{ dbt_heap.kept_value('synced', state_column) }}{% endif %} end
{%- endmacro %}

{# Return a column of the state as the next generation stores it, with the binary collation. #}
{% macro kept_value(table, state_column) %}
    {{- return(dbt_heap.comparable(table ~ '.' ~ state_column.name, dbt_heap.value_class(state_column.type))) -}}
{% endmacro %}
