{#
    The mapped columns of the model and nothing else, under the names they are stored by. Events without a time are never too
    old: Heap takes that of their arrival. Who is to be deleted may be listed twice.
#}
{% macro model_rows(plan) %}
    select {{ 'distinct' if plan.type == 'user_deletions' }}
        {{ dbt_heap.key_text(plan.key_columns) }} as key
        {%- for column in plan.columns %},
        {{ dbt_heap.stored_value(column) }} as {{ column.stored }}
        {%- endfor %}
        {%- if plan.type == 'events' %},
        {{ dbt.cast(adapter.quote(plan.timestamp) if plan.timestamp else 'null', dbt.type_timestamp()) }} as event_at
        {%- endif %}
    from {{ plan.relation }}
    where 1 = 1
    {%- for instant in [plan.begin, plan.newer_than] if instant %}
        and ({{ adapter.quote(plan.timestamp) }} >= {{ dbt_heap.literal(instant) }} or {{ adapter.quote(plan.timestamp) }} is null)
    {%- endfor %}
    {%- if plan.only_keys %}
        and ({{ dbt_heap.among(dbt_heap.key_text(plan.key_columns), plan.only_keys) }}
        {%- for column in plan.columns if column.role == 'subject' %} or {{ dbt_heap.among(dbt_heap.stored_value(column), plan.only_subjects) }}{% endfor %})
    {%- endif %}
{% endmacro %}
