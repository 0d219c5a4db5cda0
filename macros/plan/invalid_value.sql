{# Return the condition that a value makes its row a reject; none if no value of its class does. #}
{% macro invalid_value(plan, column) %}
    {%- if column.value_class == 'bytes' -%}{{ return(column.stored ~ ' is not null') }}{%- endif -%}
    {%- if column.role not in ('property', 'timestamp') -%}{{ return(none) }}{%- endif -%}
    {%- if column.value_class == 'float' -%}
        {{ return(dbt_heap.not_finite(column.stored)) }}
    {%- endif -%}
    {%- if column.value_class in ('date', 'timestamp', 'timestamptz') -%}
        {#- as a date, because the literal does not fit into a timestamp of nanoseconds -#}
        {%- set day = 'cast(' ~ column.stored ~ ' as date)' -%}
        {#- an instant on the last day may be in the year 10000 in another time zone -#}
        {{ return('(' ~ day ~ " < '0001-01-01' or " ~ day ~ (" > '9999-12-31')" if column.value_class == 'date' else " >= '9999-12-31')")) }}
    {%- endif -%}
    {%- if plan.reject_too_long and column.value_class in ('text', 'other', 'json') -%}
        {{ return(dbt.length(column.stored) ~ ' > ' ~ dbt_heap.limits().max_text) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}

{# Return the reason that `rejects` shows for it. #}
{% macro invalid_reason(column) %}
    {%- if column.value_class == 'bytes' -%}{{ return('bytes') }}{%- endif -%}
    {%- if column.value_class == 'float' -%}{{ return('not_a_number') }}{%- endif -%}
    {%- if column.value_class in ('date', 'timestamp', 'timestamptz') -%}{{ return('date_out_of_range') }}{%- endif -%}
    {{ return('too_long') }}
{% endmacro %}
