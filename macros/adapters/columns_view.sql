{# The view that lists the columns of a database's relations. #}
{% macro columns_view(database) %}{{ return(adapter.dispatch('columns_view', 'dbt_heap')(database)) }}{% endmacro %}

{% macro default__columns_view(database) %}{{ return('information_schema.columns') }}{% endmacro %}

{#
    The one of all attached databases: an attached Postgres has an information_schema of its own, which a profile may have chosen.
    https://github.com/duckdb/dbt-duckdb/blob/master/dbt/include/duckdb/macros/adapters.sql
#}
{% macro duckdb__columns_view(database) %}{{ return('system.information_schema.columns') }}{% endmacro %}

{# Each database has its own: https://docs.snowflake.com/en/sql-reference/info-schema #}
{% macro snowflake__columns_view(database) %}
    {{ return(api.Relation.create(database=database or target.database, schema='information_schema', identifier='columns') | string) }}
{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-information-schema #}
{% macro databricks__columns_view(database) %}{{ return(dbt_heap.snowflake__columns_view(database)) }}{% endmacro %}
