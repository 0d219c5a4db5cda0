{# Return whether tables take MERGE. If not, each merge into the state writes its next generation. #}
{% macro merges() %}{{ return(adapter.dispatch('merges', 'dbt_heap')()) }}{% endmacro %}

{% macro default__merges() %}{{ return(true) }}{% endmacro %}

{# Parquet tables have no update, delete or merge: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__merges() %}{{ return(false) }}{% endmacro %}

{#
    Redshift's MERGE takes neither a query as its source nor an alias for its target:
    https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html
#}
{% macro redshift__merges() %}{{ return(false) }}{% endmacro %}

{# Return whether rows can be deleted in place. #}
{% macro deletes() %}{{ return(adapter.dispatch('deletes', 'dbt_heap')()) }}{% endmacro %}

{% macro default__deletes() %}{{ return(true) }}{% endmacro %}

{# Parquet tables have no delete: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__deletes() %}{{ return(false) }}{% endmacro %}

{# Return the keyword that computes a CTE only once. Without one, the planner decides. #}
{% macro materialized() %}{{ return(adapter.dispatch('materialized', 'dbt_heap')()) }}{% endmacro %}

{% macro default__materialized() %}{{ return('') }}{% endmacro %}

{# Without it, a view is read once per mention: https://www.postgresql.org/docs/current/queries-with.html #}
{% macro postgres__materialized() %}{{ return('materialized') }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/query_syntax/with #}
{% macro duckdb__materialized() %}{{ return('materialized') }}{% endmacro %}

{# Return whether inserts into one table can run in parallel. If not, `mark_built` does nothing, or models would fail. #}
{% macro inserts_in_parallel() %}{{ return(adapter.dispatch('inserts_in_parallel', 'dbt_heap')()) }}{% endmacro %}

{% macro default__inserts_in_parallel() %}{{ return(true) }}{% endmacro %}

{# Some of several inserts into one table of files fail (tried on Spark 4.3). #}
{% macro spark__inserts_in_parallel() %}{{ return(false) }}{% endmacro %}
