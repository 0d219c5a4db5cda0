{# The SHA-256 of a text's UTF-8, as 64 hexadecimal digits in lower case: the same everywhere, and what Python says. #}
{% macro sha256(text) %}{{ return(adapter.dispatch('sha256', 'dbt_heap')(text)) }}{% endmacro %}

{#
    https://docs.snowflake.com/en/sql-reference/functions/sha2, https://spark.apache.org/docs/latest/api/sql/index.html#sha2,
    https://docs.databricks.com/aws/en/sql/language-manual/functions/sha2
#}
{% macro default__sha256(text) %}{{ return('sha2(' ~ text ~ ', 256)') }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/functions/text #}
{% macro duckdb__sha256(text) %}{{ return('sha256(' ~ text ~ ')') }}{% endmacro %}

{# It takes bytes: https://www.postgresql.org/docs/current/functions-binarystring.html #}
{% macro postgres__sha256(text) %}{{ return("encode(sha256(convert_to(" ~ text ~ ", 'UTF8')), 'hex')") }}{% endmacro %}

{# It is no Postgres in this: https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html #}
{% macro redshift__sha256(text) %}{{ return(dbt_heap.default__sha256(text)) }}{% endmacro %}

{# It gives bytes: https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#sha256 #}
{% macro bigquery__sha256(text) %}{{ return('to_hex(sha256(' ~ text ~ '))') }}{% endmacro %}
