{# Return the statements that set the session's time zone, so a timestamp has the same text in every session. #}
{% macro session_settings() %}{{ return(adapter.dispatch('session_settings', 'dbt_heap')()) }}{% endmacro %}

{% macro default__session_settings() %}{{ return([]) }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/data_types/timestamp#settings #}
{% macro duckdb__session_settings() %}{{ return(["set timezone = 'UTC'"]) }}{% endmacro %}

{#
    The time zone, and literals in which a backslash is a plain character, which a server can be set to change:
    https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-TIMEZONE
    https://www.postgresql.org/docs/current/runtime-config-compatible.html
#}
{% macro postgres__session_settings() %}{{ return(["set time zone 'UTC'", 'set standard_conforming_strings = on']) }}{% endmacro %}

{#
    The zone is UTC unless a user has another. A backslash escapes: see `literal`.
    https://docs.aws.amazon.com/redshift/latest/dg/r_timezone_config.html
#}
{% macro redshift__session_settings() %}{{ return(["set timezone to 'UTC'"]) }}{% endmacro %}

{#
    The second setting stops the optimizer from rewriting a condition on all properties in terms of each of them; with
    thirty properties, it runs out of memory. The value is quoted, because a comment after it (from `query-comment`)
    would become part of it.
    https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set-timezone.html
    https://github.com/apache/spark/blob/master/sql/catalyst/src/main/scala/org/apache/spark/sql/internal/SQLConf.scala
#}
{% macro spark__session_settings() %}
    {{ return(["set time zone 'UTC'", 'set spark.sql.constraintPropagation.enabled = `false`']) }}
{% endmacro %}

{#
    SQL warehouses do not let a session set the second one:
    https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-parameters
#}
{% macro databricks__session_settings() %}{{ return(["set time zone 'UTC'"]) }}{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/parameters#timezone #}
{% macro snowflake__session_settings() %}{{ return(["alter session set timezone = 'UTC'"]) }}{% endmacro %}
