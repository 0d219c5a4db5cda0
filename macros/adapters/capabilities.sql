{# Return whether tables take MERGE. If not, each merge into the state writes its next generation. #}
{% macro supports_merge() %}{{ return(adapter.dispatch('supports_merge', 'dbt_heap')()) }}{% endmacro %}

{% macro default__supports_merge() %}{{ return(true) }}{% endmacro %}

{# Parquet tables have no update, delete or merge: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__supports_merge() %}{{ return(false) }}{% endmacro %}

{#
    Redshift's MERGE takes neither a query as its source nor an alias for its target:
    https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
#}
{% macro redshift__supports_merge() %}{{ return(false) }}{% endmacro %}

{# Return whether rows can be deleted in place. #}
{% macro supports_delete() %}{{ return(adapter.dispatch('supports_delete', 'dbt_heap')()) }}{% endmacro %}

{% macro default__supports_delete() %}{{ return(true) }}{% endmacro %}

{# Parquet tables have no delete: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__supports_delete() %}{{ return(false) }}{% endmacro %}

{# Return the keyword that computes a CTE only once. Without one, the planner decides. #}
{% macro materialized() %}{{ return(adapter.dispatch('materialized', 'dbt_heap')()) }}{% endmacro %}

{% macro default__materialized() %}{{ return('') }}{% endmacro %}

{# Without it, a view is read once per mention: https://www.postgresql.org/docs/current/queries-with.html #}
{% macro postgres__materialized() %}{{ return('materialized') }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/query_syntax/with #}
{% macro duckdb__materialized() %}{{ return('materialized') }}{% endmacro %}

{# Return whether inserts into one table can run in parallel. If not, `mark_built` does nothing, or models would fail. #}
{% macro supports_parallel_inserts() %}{{ return(adapter.dispatch('supports_parallel_inserts', 'dbt_heap')()) }}{% endmacro %}

{% macro default__supports_parallel_inserts() %}{{ return(true) }}{% endmacro %}

{# Some of several inserts into one table of files fail (tried on Spark 4.3). #}
{% macro spark__supports_parallel_inserts() %}{{ return(false) }}{% endmacro %}
