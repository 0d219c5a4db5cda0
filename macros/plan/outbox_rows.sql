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
    {{ dbt_heap.changed_rows(plan) }}
),

-- only keys that would be sent are looked up again, not the whole model
repeated as (
    select model.key
    from model
    where model.key in (select changed.key from changed)
    group by model.key
    having count(*) > 1
),

{% if plan.leaves_out_deleted %}
-- likewise who among them was deleted in Heap
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
    {{ dbt_heap.standing_rejects(plan) }}
)

{{ dbt_heap.numbered_events(plan) if plan.type == 'events' else dbt_heap.numbered_objects(plan) }}
{% endmacro %}

{# Those of the model that Heap does not know yet. #}
{% macro changed_rows(plan) %}
    {%- if plan.type == 'events' -%}{{ return(dbt_heap.changed_events(plan)) }}{%- endif -%}
    {%- if plan.type == 'user_deletions' -%}{{ return(dbt_heap.changed_deletions(plan)) }}{%- endif -%}
    {{ return(dbt_heap.changed_objects(plan)) }}
{% endmacro %}
