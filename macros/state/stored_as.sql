{# How a table of the state is stored, where its engine has a choice that matters. #}
{% macro stored_as() %}{{ return(adapter.dispatch('stored_as', 'dbt_heap')()) }}{% endmacro %}

{% macro default__stored_as() %}{{ return('') }}{% endmacro %}

{# Before version 4 it would be Hive's text format, which tears a text with a line break in two: https://spark.apache.org/docs/latest/sql-migration-guide.html #}
{% macro spark__stored_as() %}{{ return('using parquet') }}{% endmacro %}

{# Delta: https://docs.databricks.com/aws/en/delta/ #}
{% macro databricks__stored_as() %}{{ return('') }}{% endmacro %}
