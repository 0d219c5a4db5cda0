{# A text that nobody can guess, made in the warehouse: what a statement holds, its query history shows to others. #}
{% macro random_text() %}{{ return(adapter.dispatch('random_text', 'dbt_heap')()) }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/utility, https://spark.apache.org/docs/latest/api/sql/index.html#uuid #}
{% macro default__random_text() %}{{ return(dbt_heap.text_of('uuid()')) }}{% endmacro %}

{# https://www.postgresql.org/docs/current/functions-uuid.html #}
{% macro postgres__random_text() %}{{ return(dbt_heap.text_of('gen_random_uuid()')) }}{% endmacro %}

{# It has no such function; chance is all there is: https://docs.aws.amazon.com/redshift/latest/dg/r_RANDOM.html #}
{% macro redshift__random_text() %}{{ return(dbt.concat([dbt_heap.text_of('random()')] * 4)) }}{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/functions/uuid_string #}
{% macro snowflake__random_text() %}{{ return('uuid_string()') }}{% endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/utility-functions #}
{% macro bigquery__random_text() %}{{ return('generate_uuid()') }}{% endmacro %}
