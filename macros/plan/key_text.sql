{#
    Return a row's key as one text: the value itself for one column; for several, each part after its length. Null if
    a part is null.
#}
{% macro key_text(columns) %}
    {%- if columns | length == 1 -%}{{ return(dbt_heap.as_text(adapter.quote(columns[0]))) }}{%- endif -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- set text = dbt_heap.as_text(adapter.quote(column)) -%}
        {%- do parts.extend([dbt_heap.as_text(dbt.length(text)), "':'", text]) -%}
    {%- endfor -%}
    {{ return(dbt.concat(parts)) }}
{% endmacro %}

{# Return one part of a key, counted from 0: the inverse of `key_text`. #}
{% macro key_part(key, place, parts) %}
    {%- if parts == 1 -%}{{ return(key) }}{%- endif -%}
    {%- set colon = dbt.position("':'", key) -%}
    {%- set length = dbt.cast('substring(' ~ key ~ ', 1, ' ~ colon ~ ' - 1)', dbt.type_int()) -%}
    {%- if place == 0 -%}{{ return('substring(' ~ key ~ ', ' ~ colon ~ ' + 1, ' ~ length ~ ')') }}{%- endif -%}
    {{ return(dbt_heap.key_part('substring(' ~ key ~ ', ' ~ colon ~ ' + 1 + ' ~ length ~ ')', place - 1, parts)) }}
{% endmacro %}
