{#
    Select the mapped columns of the model and nothing else, under the names that the state uses. An event without a
    time is never too old, because Heap uses its time of arrival. A model of deletions may list a person twice.
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
        and ({{ dbt_heap.one_of(dbt_heap.key_text(plan.key_columns), plan.only_keys) }}
        {%- for column in plan.columns if column.role == 'subject' %} or {{ dbt_heap.one_of(dbt_heap.stored_value(column), plan.only_subjects) }}{% endfor %})
    {%- endif %}
{% endmacro %}

{#
    Return a mapped column as the outbox and the state store it: typed if equality is safe for its class, canonical
    text otherwise.
#}
{% macro stored_value(column) %}{{ return(dbt_heap.as_stored(adapter.quote(column.column), column)) }}{% endmacro %}

{# Return an expression of a column's class in that form. #}
{% macro as_stored(expression, column) %}
    {%- if column.value_class in ('array', 'json') -%}{{ return(dbt_heap.json_text(expression)) }}{%- endif -%}
    {%- if column.value_class == 'bytes' -%}{{ return("case when " ~ expression ~ " is not null then 'bytes' end") }}{%- endif -%}
    {%- if column.role == 'property' and column.value_class not in ('other', 'text') -%}{{ return(expression) }}{%- endif -%}
    {%- if column.role == 'timestamp' -%}{{ return(expression) }}{%- endif -%}
    {{ return(dbt_heap.as_text(expression)) }}
{% endmacro %}

{#
    Return a column of the state in the form to compare: text by its bytes, even if an older version stored it with
    the collation of the model's column.
#}
{% macro comparable(expression, value_class) %}
    {{- return(dbt_heap.bytewise(expression) if value_class in ['text', 'other', 'array', 'json', 'bytes'] else expression) -}}
{% endmacro %}
