{#
    Count the acknowledged keys that are missing from the model, and the new rows that may be the same ones under
    other keys. Runs only if many rows are new, because it reads the model's keys again.
    docs/decisions/0018-recomputed-keys.md
#}
{% macro recomputed_keys(plan, outbox) %}
{%- if plan.timestamp and plan.type == 'events' -%}
with rekeyed as (
    -- new rows that are not later than the newest event in Heap
    select event_at, count(*) as found
    from {{ outbox }} as outbox
    where reject is null and still_rejected is null and event_at <= {{ dbt_heap.newest_known(plan) }}
    group by event_at
),

known as (
    select key, event_at
    from {{ plan.synced }}
    where event_at between (select min(event_at) from rekeyed) and (select max(event_at) from rekeyed)
),

missing as (
    select known.event_at, count(*) as found
    from known
    left join ({{ dbt_heap.model_keys(plan) }}) as model on model.key = {{ dbt_heap.as_text('known.key') }}
    where model.key is null
    group by known.event_at
)

select
    max(totals.known_rows) as known_rows,
    max(totals.missing_rows) as missing_rows,
    coalesce(sum(rekeyed.found), 0) as rekeyed_rows,
    count(*) as instants
from (
    select (select count(*) from known) as known_rows, (select sum(found) from missing) as missing_rows
) as totals
cross join missing
inner join rekeyed on rekeyed.event_at = missing.event_at
{%- else -%}
select count(*) as known_rows, count(case when model.key is null then 1 end) as missing_rows
from {{ plan.synced }} as synced
left join ({{ dbt_heap.model_keys(plan) }}) as model on model.key = {{ dbt_heap.as_text('synced.key') }}
{%- endif %}
{% endmacro %}

{# Select the distinct keys of the model. #}
{% macro model_keys(plan) -%}
    select distinct {{ dbt_heap.key_text(plan.key_columns) }} as key from {{ plan.relation }}
{%- endmacro %}

{#
    The time of the newest event that Heap acknowledged. A time in the future is left out, because it would make every
    event a late one.
#}
{% macro newest_known(plan) -%}
    (select max(event_at) from {{ plan.synced }} where event_at <= {{ dbt_heap.now() }})
{%- endmacro %}
