{#
    dbt-databricks inherits the overrides of dbt-spark, and dbt-redshift those of dbt-postgres: dispatch looks for `spark__x` after
    `databricks__x`, and before `default__x`: https://docs.getdbt.com/reference/dbt-jinja-functions/dispatch#managing-adapters

    Every Spark override therefore applies to Databricks, unless a macro here undoes it or a `databricks__` macro elsewhere replaces it. Delta tables have update, delete and merge:
    https://docs.databricks.com/aws/en/delta/
#}
{% macro databricks__stored_as() %}{{ return('') }}{% endmacro %}

{% macro databricks__supports_merge() %}{{ return(true) }}{% endmacro %}

{% macro databricks__supports_delete() %}{{ return(true) }}{% endmacro %}

{% macro databricks__purge(table, subject, deletion, where, aside) %}
    {{- return(dbt_heap.default__purge(table, subject, deletion, where, aside)) -}}
{% endmacro %}

{% macro databricks__create_lock(lock, holder) %}{{ return(dbt_heap.default__create_lock(lock, holder)) }}{% endmacro %}

{% macro databricks__drop_lock(lock) %}{{ return(dbt_heap.default__drop_lock(lock)) }}{% endmacro %}

{% macro databricks__move_lock(state, lock, aside) %}{{ return(dbt_heap.snowflake__move_lock(state, lock, aside)) }}{% endmacro %}

{% macro databricks__page_column(column) %}{{ return(column.stored) }}{% endmacro %}

{% macro databricks__unlisted_columns(relations) %}{{ return(dbt_heap.default__unlisted_columns(relations)) }}{% endmacro %}

{% macro databricks__supports_parallel_inserts() %}{{ return(true) }}{% endmacro %}

{#
    Redshift has none of these from Postgres. `redshift__unlisted_columns` reads what information_schema does not list.
    https://docs.aws.amazon.com/redshift/latest/dg/r_WITH_clause.html, https://docs.aws.amazon.com/redshift/latest/dg/SHA2.html
#}
{% macro redshift__catalog(relations) %}{{ return(dbt_heap.default__catalog(relations)) }}{% endmacro %}

{% macro redshift__materialized() %}{{ return('') }}{% endmacro %}

{% macro redshift__sha256(text) %}{{ return(dbt_heap.default__sha256(text)) }}{% endmacro %}
