{#
    Return the SHA-256 of a text's UTF-8 as 64 lower-case hexadecimal digits: the same on every warehouse and in
    Python.
#}
{% macro sha256(text) %}{{ return(adapter.dispatch('sha256', 'dbt_heap')(text)) }}{% endmacro %}

{#
    https://docs.snowflake.com/en/sql-reference/functions/sha2
    https://spark.apache.org/docs/latest/api/sql/index.html#sha2
    https://docs.databricks.com/aws/en/sql/language-manual/functions/sha2
#}
{% macro default__sha256(text) %}{{ return('sha2(' ~ text ~ ', 256)') }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text #}
{% macro duckdb__sha256(text) %}{{ return('sha256(' ~ text ~ ')') }}{% endmacro %}

{# Takes bytes: https://www.postgresql.org/docs/current/functions-binarystring.html #}
{% macro postgres__sha256(text) %}{{ return("encode(sha256(convert_to(" ~ text ~ ", 'UTF8')), 'hex')") }}{% endmacro %}

{# Returns bytes: https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#sha256 #}
{% macro bigquery__sha256(text) %}{{ return('to_hex(sha256(' ~ text ~ '))') }}{% endmacro %}

{#
    Return an expression for a text that no one can guess. The warehouse makes it, because its query history shows the
    text of statements to others.
#}
{% macro random_text() %}{{ return(adapter.dispatch('random_text', 'dbt_heap')()) }}{% endmacro %}

{#
    https://duckdb.org/docs/stable/sql/functions/utility
    https://spark.apache.org/docs/latest/api/sql/index.html#uuid
#}
{% macro default__random_text() %}{{ return(dbt_heap.as_text('uuid()')) }}{% endmacro %}

{# https://www.postgresql.org/docs/current/functions-uuid.html #}
{% macro postgres__random_text() %}{{ return(dbt_heap.as_text('gen_random_uuid()')) }}{% endmacro %}

{# Redshift only has random numbers: https://docs.aws.amazon.com/redshift/latest/dg/r_RANDOM.html #}
{% macro redshift__random_text() %}{{ return(dbt.concat([dbt_heap.as_text('random()')] * 4)) }}{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/functions/uuid_string #}
{% macro snowflake__random_text() %}{{ return('uuid_string()') }}{% endmacro %}

{# https://cloud.google.com/bigquery/docs/reference/standard-sql/utility-functions #}
{% macro bigquery__random_text() %}{{ return('generate_uuid()') }}{% endmacro %}
