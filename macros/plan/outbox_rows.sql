{#
    The rows a sync would send or must reject, as one select that reads the model once:
    model -> changed (against the state) -> judged (reject reasons) -> recognised (standing rejects) -> numbered.
    `plan` is what dbt_heap/ledger/plans.py says of a sync. The rows to send are numbered first and densely.
#}
{% macro outbox_rows(plan) %}
with model as {{ dbt_heap.materialized() }} (
    {{ dbt_heap.model_rows(plan) }}
),

changed as {{ dbt_heap.materialized() }} (
    {{ dbt_heap.changed_events(plan) if plan.type == 'events' else dbt_heap.changed_objects(plan) }}
),

-- only keys that would be sent are looked up again, not the whole model
repeated as (
    select model.key
    from model
    where model.key in (select changed.key from changed)
    group by model.key
    having count(*) > 1
),

judged as (
    select
        changed.*,
        {{ dbt_heap.reject_reason(plan) }} as reject
    from changed
    left join repeated on repeated.key = changed.key
),

recognised as (
    {{ dbt_heap.standing_rejects(plan) }}
)

{{ dbt_heap.numbered_events(plan) if plan.type == 'events' else dbt_heap.numbered_objects(plan) }}
{% endmacro %}
