{# Create the property log of a sync, `<sync>__log`: one row per property that Heap accepted. Safe to repeat. #}
{% macro create_property_log(log) %}
create table if not exists {{ log }} (
    destination {{ dbt.type_string() }}, key {{ dbt.type_string() }}, property {{ dbt.type_string() }}, value {{ dbt.type_string() }},
    sent_at {{ dbt.type_timestamp() }}, run_id {{ dbt.type_string() }}
) {{ dbt_heap.stored_as() }}
{% endmacro %}

{#
    Append what Heap accepted from a run's outbox, one row per property, if the run still holds its lock. One
    statement writes all of it, so a run that has rows here has all of them: safe to repeat. Rows in doubt are logged
    when they are sent again.
#}
{% macro append_property_log(run, log, destination, properties) %}
insert into {{ log }} (destination, key, property, value, sent_at, run_id)
select {{ dbt_heap.literal(destination) }}, logged.key, logged.property, coalesce(logged.value, ''), logged.sent_at, {{ dbt_heap.literal(run.run_id) }}
from (
    select
        sent.key,
        sent.changed,
        sent.decided_at as sent_at,
        named.property,
        named.place,
        -- the property's value in the warehouse, cut to Heap's limit
        substring(case named.place
            {%- for property in properties %} when {{ property.place }} then {{ dbt_heap.as_text('sent.' ~ property.column) }}{% endfor %}
        end, 1, {{ dbt_heap.limits().max_text }}) as value
    from ({{ dbt_heap.sent_rows(run) }}) as sent
    cross join (
        {%- for property in properties %}
        select {{ property.place }} as place, {{ dbt.cast(dbt_heap.literal(property.name), dbt.type_string()) }} as property{{ ' union all' if not loop.last }}
        {%- endfor %}
    ) as named
    where sent.verdict = 'accepted'
) as logged
where case when logged.changed is null then logged.value is not null else substring(logged.changed, logged.place, 1) = '1' end
    and not exists (
        select 1 from {{ log }} as written
        where written.run_id = {{ dbt_heap.literal(run.run_id) }} and written.destination = {{ dbt_heap.literal(destination) }}
    )
    and exists (select 1 from {{ run.lock }} as held where held.run_id = {{ dbt_heap.literal(run.holder) }})
{% endmacro %}
