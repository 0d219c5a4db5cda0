{# Return a property's value as JSON text, as DuckDB writes it; null for a null. #}
{% macro record_value(column) %}
    {%- set value = column.stored -%}
    {%- if column.value_class == 'integer' -%}{{ return("cast(" ~ value ~ " as varchar)") }}{%- endif -%}
    {%- if column.value_class == 'decimal' -%}
        {#- DuckDB writes a decimal(2, 2) as `.50`, and JSON needs `0.50` -#}
        {%- set digits = "cast(" ~ value ~ " as varchar)" -%}
        {{ return("case when abs(" ~ value ~ ") < 1 then regexp_replace(" ~ digits ~ ", '^(-?)[.]', '\\10.') else " ~ digits ~ " end") }}
    {%- endif -%}
    {%- if column.value_class == 'float' -%}{{ return("to_json(cast(" ~ value ~ " as double))") }}{%- endif -%}
    {%- if column.value_class == 'boolean' -%}{{ return("case when " ~ value ~ " then '\"true\"' when not " ~ value ~ " then '\"false\"' end") }}{%- endif -%}
    {%- if column.value_class == 'date' -%}{{ return("strftime(" ~ value ~ ", '\"%Y-%m-%d\"')") }}{%- endif -%}
    {%- if column.value_class in ('timestamp', 'timestamptz') -%}
        {#- a timestamp with a zone by its microseconds since 1970, which needs no time zone extension -#}
        {%- set moment = "make_timestamp(epoch_us(" ~ value ~ "))" if column.value_class == 'timestamptz' else value -%}
        {%- set whole = "microsecond(" ~ moment ~ ") % 1000000 = 0" -%}
        {{ return("case when " ~ whole ~ " then strftime(" ~ moment ~ ", '\"%Y-%m-%dT%H:%M:%S+00:00\"') else strftime(" ~ moment ~ ", '\"%Y-%m-%dT%H:%M:%S.%f+00:00\"') end") }}
    {%- endif -%}
    {{ return("to_json(left(" ~ value ~ ", " ~ dbt_heap.limits().max_text ~ "))") }}
{% endmacro %}
