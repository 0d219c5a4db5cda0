{# Whether the engine's plain tables take a MERGE; without it every fold writes the next generation. #}
{% macro merges() %}{{ return(adapter.dispatch('merges', 'dbt_heap')()) }}{% endmacro %}

{% macro default__merges() %}{{ return(true) }}{% endmacro %}

{# Parquet tables have no update, delete or merge: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__merges() %}{{ return(false) }}{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/delta-merge-into #}
{% macro databricks__merges() %}{{ return(true) }}{% endmacro %}

{# Its MERGE takes neither a query as source nor an alias of the target: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html #}
{% macro redshift__merges() %}{{ return(false) }}{% endmacro %}
