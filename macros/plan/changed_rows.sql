{# Select the rows of the model that Heap does not have yet. #}
{% macro changed_rows(plan) %}
    {%- if plan.type == 'events' -%}{{ return(dbt_heap.changed_events(plan)) }}{%- endif -%}
    {%- if plan.type == 'user_deletions' -%}{{ return(dbt_heap.changed_deletions(plan)) }}{%- endif -%}
    {{ return(dbt_heap.changed_objects(plan)) }}
{% endmacro %}

{#
    Select events whose key was never acknowledged. Even with a lookback, all of the state is searched: its keys are
    small, and a time that moved would hide an event. docs/decisions/0008-whole-state.md
#}
{% macro changed_events(plan) %}
    select
        model.*,
        1 = 1 as is_new,
        {{ dbt.cast('null', dbt.type_string()) }} as changed
    from model
    {% if plan.synced -%}
    left join {{ plan.synced }} as synced on {{ dbt_heap.bytewise('synced.key') }} = model.key
    where synced.key is null
    {%- endif %}
{% endmacro %}

{# Select people to delete from Heap, except those that Heap has reported deleted; `again` includes these. #}
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
