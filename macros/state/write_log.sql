{#
    Appends what Heap accepted of a run's outbox, a row a property, fenced by the lock. It is one statement, whole or not at all, so that
    of a run that has rows there nothing is missing: safe to repeat. Rows in doubt are told when they are sent again.
#}
{% macro write_log(run, log, destination, properties) %}
insert into {{ log }} (destination, key, property, value, sent_at, run_id)
select {{ dbt_heap.literal(destination) }}, told.key, told.property, coalesce(told.value, ''), told.sent_at, {{ dbt_heap.literal(run.run_id) }}
from (
    select
        sent.key,
        sent.changed,
        sent.decided_at as sent_at,
        named.property,
        named.place,
        -- the property's value as it is in the warehouse, cut to what Heap takes
        substring(case named.place
            {%- for each in properties %} when {{ each.place }} then {{ dbt_heap.text_of('sent.' ~ each.column) }}{% endfor %}
        end, 1, {{ dbt_heap.limits().max_text }}) as value
    from ({{ dbt_heap.decided_rows(run) }}) as sent
    cross join (
        {%- for each in properties %}
        select {{ each.place }} as place, {{ dbt.cast(dbt_heap.literal(each.name), dbt.type_string()) }} as property{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as named
    where sent.verdict = 'accepted'
) as told
where case when told.changed is null then told.value is not null else substring(told.changed, told.place, 1) = '1' end
    and not exists (
        select 1 from {{ log }} as written
        where written.run_id = {{ dbt_heap.literal(run.run_id) }} and written.destination = {{ dbt_heap.literal(destination) }}
    )
    and exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
{% endmacro %}
