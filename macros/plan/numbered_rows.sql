{#
    Number events in waves, by time, in batches of a thousand. A wave holds at most a thousand events of one identity,
    because Heap accepts that many per minute (https://developers.heap.io/reference/bulk-track). The rest follow a
    wave later, and other identities do not wait for them.
#}
{% macro numbered_events(plan) %}
select
    numbered.*,
    {{ dbt.cast('wave * 1000000 + floor((place - 1) / ' ~ plan.max_batch ~ ')', dbt.type_bigint()) }} as batch
from (
    select
        waved.*,
        row_number() over (partition by sendable, wave order by event_at, key) as place,
        row_number() over (order by sendable desc, wave, event_at, key) as seq
    from (
        select
            ranked.*,
            {{ dbt_heap.rejected_property(plan) }} as property,
            floor((nth - 1) / {{ plan.max_identity_events }}) as wave
        from (
            select
                recognised.*,
                case when reject is null and still_rejected is null then 1 else 0 end as sendable,
                row_number() over (
                    partition by case when reject is null and still_rejected is null then 1 else 0 end, {{ plan.subject }}
                    order by event_at, key
                ) as nth
            from recognised
        ) as ranked
    ) as waved
) as numbered
{% endmacro %}

{# Number objects in batches of a thousand, in no order: each key occurs once. #}
{% macro numbered_objects(plan) %}
select
    numbered.*,
    {{ dbt.cast('floor((seq - 1) / ' ~ plan.max_batch ~ ')', dbt.type_bigint()) }} as batch
from (
    select
        recognised.*,
        {{ dbt_heap.rejected_property(plan) }} as property,
        row_number() over (order by case when reject is null and still_rejected is null then 0 else 1 end) as seq
    from recognised
) as numbered
{% endmacro %}
