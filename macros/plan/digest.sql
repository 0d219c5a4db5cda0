{# A digest of a row's values and of the rules' version, so that a standing reject is known again. `r1`: raise it when a rule changes. #}
{% macro digest(columns, table) %}
    {%- set parts = ["'r1'"] -%}
    {%- for column in columns -%}
        {%- set text = dbt_heap.text_of(table ~ '.' ~ column.stored) -%}
        {%- do parts.append("coalesce(" ~ dbt.concat([dbt_heap.text_of(dbt.length(text)), "':'", text]) ~ ", '-')") -%}
    {%- endfor -%}
    {{ return("case when " ~ table ~ ".key is null then 'no key' else " ~ dbt.hash(dbt.concat(parts)) ~ " end") }}
{% endmacro %}
