{#
    Select rows with a property that Heap does not have yet. A key without state has nothing to compare with, so each
    of its values counts. A key in doubt sends all its values. A null is left out (`nulls: omit`), or sent as a blank
    if there was a value.
#}
{% macro changed_objects(plan) %}
    {%- set properties = plan.columns | selectattr('role', 'equalto', 'property') | list -%}
    {%- set flags, marks = [], [] -%}
    {%- for column in properties -%}
        {%- do flags.append(dbt_heap.property_changed(plan, column)) -%}
        {%- do marks.append('case when ' ~ flags[-1] ~ " then '1' else '0' end") -%}
    {%- endfor %}
    select
        model.*,
        {{ 'synced.key is null' if plan.synced else '1 = 1' }} as is_new,
        {{ dbt_heap.joined(marks, ' || ') }} as changed
    from model
    {% if plan.synced -%}
    left join {{ plan.synced }} as synced on {{ dbt_heap.bytewise('synced.key') }} = model.key
    {% endif -%}
    where {{ dbt_heap.joined(flags, '\n        or ') }}
{% endmacro %}

{# Return the condition that Heap needs one property. #}
{% macro property_changed(plan, column) %}
    {%- set value = 'model.' ~ column.stored -%}
    {%- if not plan.synced -%}{{ return(value ~ ' is not null') }}{%- endif -%}
    {%- set known = column.stored in plan.synced_columns -%}
    {%- set differs = dbt_heap.differs(value, dbt_heap.comparable('synced.' ~ column.stored, column.value_class)) if known else value ~ ' is not null' -%}
    {%- if plan.blank_nulls -%}{{ return('(' ~ differs ~ ' or coalesce(synced.doubt, 1 = 0))') }}{%- endif -%}
    {%- if not known -%}{{ return(differs) }}{%- endif -%}
    {{ return('(' ~ value ~ ' is not null and (' ~ differs ~ ' or synced.doubt))') }}
{% endmacro %}
