{#
    Return an expression for a column's full type, including everything its values depend on: a decimal with fewer
    digits would round.
#}
{% macro full_type() %}{{ return(adapter.dispatch('full_type', 'dbt_heap')()) }}{% endmacro %}

{% macro default__full_type() %}{{ return('data_type') }}{% endmacro %}

{#
    Computes from the tables in `postgres__catalog` what `redshift__full_type` reads from information_schema. A
    domain counts as its base type. The numbers are the oids of date, time, timetz, timestamp, timestamptz and
    interval, which never change:
    https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
#}
{% macro postgres__full_type() %}
        case
            when coalesce(bases.typelem, types.typelem) <> 0 and coalesce(bases.typlen, types.typlen) = -1 then 'ARRAY'
            when coalesce(base_schemas.nspname, type_schemas.nspname) <> 'pg_catalog' then 'USER-DEFINED'
            when coalesce(bases.oid, types.oid) = 1700 then {{ dbt_heap.postgres_type('modifier') }}
            when coalesce(bases.oid, types.oid) = 1082 then {{ dbt_heap.postgres_type() }} || '(0)'
            when coalesce(bases.oid, types.oid) in (1083, 1266, 1114, 1184)
                then {{ dbt_heap.postgres_type() }} || '(' || coalesce(nullif({{ dbt_heap.postgres_modifier() }}, -1), 6) || ')'
            when coalesce(bases.oid, types.oid) = 1186
                then {{ dbt_heap.postgres_type() }} || '(' || coalesce(nullif({{ dbt_heap.postgres_modifier() }} & 65535, 65535), 6) || ')'
            else {{ dbt_heap.postgres_type() }}
        end
{%- endmacro %}

{% macro postgres_modifier() %}{{ return("(case when types.typtype = 'd' then types.typtypmod else columns.atttypmod end)") }}{% endmacro %}

{% macro postgres_type(modifier=none) %}
    {{- return('format_type(coalesce(bases.oid, types.oid), ' ~ (dbt_heap.postgres_modifier() if modifier else 'null') ~ ')') -}}
{% endmacro %}

{# https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html lists the same columns. #}
{% macro redshift__full_type() %}
    {%- set decimals = "case when data_type = 'numeric' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' end" -%}
    {{ return("coalesce(" ~ decimals ~ ", data_type || '(' || datetime_precision || ')', data_type)") }}
{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/info-schema/columns #}
{% macro snowflake__full_type() %}
    {{ return("case when data_type = 'NUMBER' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' else data_type end") }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/information-schema/columns #}
{% macro databricks__full_type() %}{{ return('full_data_type') }}{% endmacro %}
