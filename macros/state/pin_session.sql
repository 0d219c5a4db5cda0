{# Sets the session's zone, so that a timestamp's text is the same wherever and whenever it is taken. No statement: none is needed. #}
{% macro pin_session() %}{{ return(adapter.dispatch('pin_session', 'dbt_heap')()) }}{% endmacro %}

{% macro default__pin_session() %}{{ return([]) }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/data_types/timestamp#settings #}
{% macro duckdb__pin_session() %}{{ return(["set timezone = 'UTC'"]) }}{% endmacro %}

{#
    The zone: https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-TIMEZONE. That a backslash in a text is one,
    which a server may be told otherwise: https://www.postgresql.org/docs/current/runtime-config-compatible.html
#}
{% macro postgres__pin_session() %}{{ return(["set time zone 'UTC'", 'set standard_conforming_strings = on']) }}{% endmacro %}

{# Its zone is UTC unless a user has another, and a backslash escapes: see `literal`. https://docs.aws.amazon.com/redshift/latest/dg/r_timezone_config.html #}
{% macro redshift__pin_session() %}{{ return(["set timezone to 'UTC'"]) }}{% endmacro %}

{#
    The zone: https://spark.apache.org/docs/latest/sql-ref-syntax-aux-conf-mgmt-set-timezone.html. And the optimizer is kept from writing
    our condition on all properties in each of their names: with thirty properties, it runs out of memory. Its value is quoted, or a comment
    behind it, as the project's `query-comment` may have it, would be part of it.
    https://github.com/apache/spark/blob/master/sql/catalyst/src/main/scala/org/apache/spark/sql/internal/SQLConf.scala
#}
{% macro spark__pin_session() %}
    {{ return(["set time zone 'UTC'", 'set spark.sql.constraintPropagation.enabled = `false`']) }}
{% endmacro %}

{# Its warehouses let no session set such things: https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-parameters #}
{% macro databricks__pin_session() %}{{ return(["set time zone 'UTC'"]) }}{% endmacro %}

{# https://docs.snowflake.com/en/sql-reference/parameters#timezone #}
{% macro snowflake__pin_session() %}{{ return(["alter session set timezone = 'UTC'"]) }}{% endmacro %}
