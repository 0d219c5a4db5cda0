{#
    What the model has of some keys, and of events of some identities, the newest first: each row's values as text, and whether its time
    is before `begin`, or older than the lookback. `plan.only_keys` and `plan.only_subjects` say which.
#}
{% macro explain_model(plan, begin, newer_than, limit) %}
    {%- set events = plan.type == 'events' -%}
select
    key,
    {{ plan.subject if events else 'key' }} as subject,
    {{ dbt_heap.text_of('event_at' if events else 'null') }} as event_at,
    {{ dbt_heap.is_before(begin) }} as before_begin,
    {{ dbt_heap.is_before(newer_than) }} as before_lookback
    {%- for column in plan.columns %},
    {{ dbt_heap.text_of(column.stored) }} as {{ column.stored }}
    {%- endfor %}
from (
    {{ dbt_heap.model_rows(plan) }}
) as model
order by {{ 'model.event_at desc, ' if events }}key
limit {{ limit }}
{% endmacro %}

{# 1 where an event is older than an instant, else 0. #}
{% macro is_before(instant) %}
    {%- if not instant -%}{{ return('0') }}{%- endif -%}
    {{ return('case when event_at < ' ~ dbt.cast(dbt_heap.literal(instant), dbt.type_timestamp()) ~ ' then 1 else 0 end') }}
{% endmacro %}
