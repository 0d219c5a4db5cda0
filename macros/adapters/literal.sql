{# Return a text as a SQL literal, whatever it contains, or `null` for none. #}
{% macro literal(text) %}{{ return(adapter.dispatch('literal', 'dbt_heap')(text)) }}{% endmacro %}

{% macro default__literal(text) %}
    {{ return('null' if text is none else "'" ~ (text | string).replace("'", "''") ~ "'") }}
{% endmacro %}

{#
    A backslash escapes:
    https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#string_and_bytes_literals
#}
{% macro bigquery__literal(text) %}
    {{ return('null' if text is none else "'" ~ (text | string).replace('\\', '\\\\').replace("'", "\\'").replace('\n', '\\n').replace('\r', '\\r') ~ "'") }}
{% endmacro %}

{# A backslash escapes, which Redshift does not document: https://github.com/jOOQ/jOOQ/issues/10628 #}
{% macro redshift__literal(text) %}
    {{ return('null' if text is none else "'" ~ (text | string).replace('\\', '\\\\').replace("'", "''") ~ "'") }}
{% endmacro %}

{# https://spark.apache.org/docs/latest/sql-ref-literals.html#string-literal #}
{% macro spark__literal(text) %}{{ return(dbt_heap.bigquery__literal(text)) }}{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/data-types-text#escape-sequences-in-single-quoted-string-constants #}
{% macro snowflake__literal(text) %}{{ return(dbt_heap.bigquery__literal(text)) }}{% endmacro %}
