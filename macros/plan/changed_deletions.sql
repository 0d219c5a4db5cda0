{# People whom Heap is to delete, without those that it has reported deleted; `again` asks for these once more. #}
{% macro changed_deletions(plan) %}
    select
        model.*,
        1 = 1 as is_new,
        {{ dbt.cast('null', dbt.type_string()) }} as changed
    from model
    {% if plan.deletion and not plan.again -%}
    where model.key is null
        or model.key not in ({{ dbt_heap.deleted_subjects(plan.deletion, 'model', 'key', steps=['deleted']) }})
    {%- endif %}
{% endmacro %}
