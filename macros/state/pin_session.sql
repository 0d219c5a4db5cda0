{# Sets the session's zone, so that a timestamp's text is the same wherever and whenever it is taken. No statement: none is needed. #}
{% macro pin_session() %}{{ return(adapter.dispatch('pin_session', 'dbt_heap')()) }}{% endmacro %}

{% macro default__pin_session() %}{{ return([]) }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/data_types/timestamp#settings #}
{% macro duckdb__pin_session() %}{{ return(["set timezone = 'UTC'"]) }}{% endmacro %}

{# https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-TIMEZONE #}
{% macro postgres__pin_session() %}{{ return(["set time zone 'UTC'"]) }}{% endmacro %}
