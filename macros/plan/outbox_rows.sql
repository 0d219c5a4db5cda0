{#
    Select the rows that a sync would send or must reject, reading the model once:
    model -> changed (against the state) -> judged (reject reasons) -> recognised (still rejected) -> numbered.
    `plan` describes a sync: see dbt_heap/state/contract.py. Rows to send are numbered first and densely.
#}
{% macro outbox_rows(plan) %}
with model as {{ dbt_heap.materialized() }} (
    {{ dbt_heap.model_rows(plan) }}
),

changed as {{ dbt_heap.materialized() }} (
    {{ dbt_heap.changed_rows(plan) }}
),

-- look up only the keys that would be sent, not the whole model
repeated as (
    select model.key
    from model
    where model.key in (select changed.key from changed)
    group by model.key
    having count(*) > 1
),

{% if plan.leaves_out_deleted %}
-- likewise the people among them who were deleted in Heap
deleted as (
    {{ dbt_heap.deleted_subjects(plan.deletion, 'changed', plan.subject) }}
),
{% endif %}
judged as (
    select
        changed.*,
        {{ dbt_heap.reject_reason(plan) }} as reject
    from changed
    left join repeated on repeated.key = changed.key
    {%- if plan.leaves_out_deleted %}
    left join deleted on deleted.subject = changed.{{ plan.subject }}
    {%- endif %}
),

recognised as (
    {{ dbt_heap.still_rejected(plan) }}
)

{{ dbt_heap.numbered_events(plan) if plan.type == 'events' else dbt_heap.numbered_objects(plan) }}
{% endmacro %}
