{# A column's type with all that its values depend on: a decimal of fewer digits would round. #}
{% macro whole_type() %}{{ return(adapter.dispatch('whole_type', 'dbt_heap')()) }}{% endmacro %}

{% macro default__whole_type() %}{{ return('data_type') }}{% endmacro %}

{# https://www.postgresql.org/docs/current/infoschema-columns.html #}
{% macro postgres__whole_type() %}
    {%- set decimals = "case when data_type = 'numeric' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' end" -%}
    {{ return("coalesce(" ~ decimals ~ ", data_type || '(' || datetime_precision || ')', data_type)") }}
{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/info-schema/columns #}
{% macro snowflake__whole_type() %}
    {{ return("case when data_type = 'NUMBER' then data_type || '(' || numeric_precision || ',' || numeric_scale || ')' else data_type end") }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/information-schema/columns #}
{% macro databricks__whole_type() %}{{ return('full_data_type') }}{% endmacro %}
