{#
    A digest of a row's values and of how it was judged, so that a standing reject is known again: where a duplicate became
    single, or a rule of the declaration changed, it is another one. `r2`: raise it when a rule changes.
#}
{% macro digest(plan, table) %}
    {%- set verdict = "coalesce(" ~ table ~ ".reject, '-')" -%}
    {%- set parts = ["'r2" ~ (' too_long' if plan.reject_too_long) ~ " '", verdict] -%}
    {%- for column in plan.columns -%}
        {%- set text = dbt_heap.text_of(table ~ '.' ~ column.stored) -%}
        {%- do parts.append("coalesce(" ~ dbt.concat([dbt_heap.text_of(dbt.length(text)), "':'", text]) ~ ", '-')") -%}
    {%- endfor -%}
    {{ return("case when " ~ table ~ ".key is null then " ~ dbt.concat(["'no key '", verdict]) ~ " else " ~ dbt.hash(dbt_heap.grouped(parts, ' || ')) ~ " end") }}
{% endmacro %}
