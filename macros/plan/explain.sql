{#
    Select what the model has for some keys, and the newest events of some identities: the values as text, and whether
    the time is before `begin` or the lookback. `plan.only_keys` and `plan.only_subjects` select the rows.
#}
{% macro explain_model(plan, begin, newer_than, limit) %}
    {%- set events = plan.type == 'events' -%}
select
    key,
    {{ plan.subject if events else 'key' }} as subject,
    {{ dbt_heap.as_text('event_at' if events else 'null') }} as event_at,
    {{ dbt_heap.is_before(begin) }} as before_begin,
    {{ dbt_heap.is_before(newer_than) }} as before_lookback
    {%- for column in plan.columns %},
    {{ dbt_heap.as_text(column.stored) }} as {{ column.stored }}
    {%- endfor %}
from (
    {{ dbt_heap.model_rows(plan) }}
) as model
order by {{ 'model.event_at desc, ' if events }}key
limit {{ limit }}
{% endmacro %}

{# Return 1 if an event is older than an instant, otherwise 0. #}
{% macro is_before(instant) %}
    {%- if not instant -%}{{ return('0') }}{%- endif -%}
    {{ return('case when event_at < ' ~ dbt.cast(dbt_heap.literal(instant), dbt.type_timestamp()) ~ ' then 1 else 0 end') }}
{% endmacro %}

{# Select what a sync would do with the rows of some keys: the columns of `outbox_page`, and the verdict on each row. #}
{% macro explain_plan(plan) %}
select seq, batch, key, changed
    {%- for column in plan.columns %}, {{ dbt_heap.page_column(column) }}{% endfor %},
    case when is_new then 1 else 0 end as is_new, reject, property, still_rejected
from ({{ dbt_heap.outbox_rows(plan) }}) as outbox
order by seq
{% endmacro %}
