{#
    How many acknowledged keys are gone from the model, and how many new rows may be the same ones under other keys. Asked only if
    many rows are new: it reads the model's keys once more. docs/decisions/0018-recomputed-keys.md
#}
{% macro replaced_keys(plan, outbox) %}
{%- if plan.timestamp and plan.type == 'events' -%}
with came as (
    -- new rows that are not later than what Heap has, by their time
    select event_at, count(*) as found
    from {{ outbox }} as outbox
    where reject is null and stood is null and event_at <= {{ dbt_heap.newest_known(plan) }}
    group by event_at
),

known as (
    select key, event_at
    from {{ plan.synced }}
    where event_at between (select min(event_at) from came) and (select max(event_at) from came)
),

gone as (
    select known.event_at, count(*) as found
    from known
    left join ({{ dbt_heap.model_keys(plan) }}) as model on model.key = {{ dbt_heap.text_of('known.key') }}
    where model.key is null
    group by known.event_at
)

select
    max(totals.known_rows) as known_rows,
    max(totals.gone_rows) as gone_rows,
    coalesce(sum(came.found), 0) as came_rows,
    count(*) as instants
from (
    select (select count(*) from known) as known_rows, (select sum(found) from gone) as gone_rows
) as totals
cross join gone
inner join came on came.event_at = gone.event_at
{%- else -%}
select count(*) as known_rows, count(case when model.key is null then 1 end) as gone_rows
from {{ plan.synced }} as synced
left join ({{ dbt_heap.model_keys(plan) }}) as model on model.key = {{ dbt_heap.text_of('synced.key') }}
{%- endif %}
{% endmacro %}

{# The keys of all rows of the model, each once. #}
{% macro model_keys(plan) -%}
    select distinct {{ dbt_heap.key_text(plan.key_columns) }} as key from {{ plan.relation }}
{%- endmacro %}

{# The time of the newest event that Heap acknowledged; one to come would make every event a late one. #}
{% macro newest_known(plan) -%}
    (select max(event_at) from {{ plan.synced }} where event_at <= {{ dbt_heap.now() }})
{%- endmacro %}
