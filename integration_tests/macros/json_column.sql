{# Return a text column that holds JSON as the warehouse's JSON type: by `parse_json` on Snowflake, BigQuery, Databricks and Spark 4. #}
{% macro json_column(column) %}{{ return(adapter.dispatch('json_column', 'dbt_heap_integration_tests')(column)) }}{% endmacro %}

{% macro default__json_column(column) %}parse_json({{ column }}){% endmacro %}

{# https://duckdb.org/docs/stable/data/json/overview #}
{% macro duckdb__json_column(column) %}cast({{ column }} as json){% endmacro %}

{# jsonb, because json has no equality: https://www.postgresql.org/docs/current/datatype-json.html #}
{% macro postgres__json_column(column) %}cast({{ column }} as jsonb){% endmacro %}
