{# One part of a key of several columns, by its place from 0: what `key_text` has put together. The key itself where there is one column. #}
{% macro key_part(key, place, parts) %}
    {%- if parts == 1 -%}{{ return(key) }}{%- endif -%}
    {%- set colon = dbt.position("':'", key) -%}
    {%- set length = dbt.cast('substring(' ~ key ~ ', 1, ' ~ colon ~ ' - 1)', dbt.type_int()) -%}
    {%- if place == 0 -%}{{ return('substring(' ~ key ~ ', ' ~ colon ~ ' + 1, ' ~ length ~ ')') }}{%- endif -%}
    {{ return(dbt_heap.key_part('substring(' ~ key ~ ', ' ~ colon ~ ' + 1 + ' ~ length ~ ')', place - 1, parts)) }}
{% endmacro %}
