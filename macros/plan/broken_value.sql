{# The condition under which one value makes its row a reject; none where its class has no such value. #}
{% macro broken_value(plan, column) %}
    {%- if column.value_class == 'bytes' -%}{{ return(column.stored ~ ' is not null') }}{%- endif -%}
    {%- if column.role not in ('property', 'timestamp') -%}{{ return(none) }}{%- endif -%}
    {%- if column.value_class == 'float' -%}
        {{ return(dbt_heap.not_finite(column.stored)) }}
    {%- endif -%}
    {%- if column.value_class in ('date', 'timestamp', 'timestamptz') -%}
        {#- as a date: the literal would not fit into a timestamp of nanoseconds -#}
        {%- set day = 'cast(' ~ column.stored ~ ' as date)' -%}
        {#- an instant of the last day may be one of the year 10000 elsewhere -#}
        {{ return('(' ~ day ~ " < '0001-01-01' or " ~ day ~ (" > '9999-12-31')" if column.value_class == 'date' else " >= '9999-12-31')")) }}
    {%- endif -%}
    {%- if plan.reject_too_long and column.value_class in ('text', 'other', 'json') -%}
        {{ return(dbt.length(column.stored) ~ ' > ' ~ dbt_heap.limits().max_text) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{# The word `rejects` shows for it. #}
{% macro broken_reason(column) %}
    {%- if column.value_class == 'bytes' -%}{{ return('bytes') }}{%- endif -%}
    {%- if column.value_class == 'float' -%}{{ return('not_a_number') }}{%- endif -%}
    {%- if column.value_class in ('date', 'timestamp', 'timestamptz') -%}{{ return('date_out_of_range') }}{%- endif -%}
    {{ return('too_long') }}
{% endmacro %}
