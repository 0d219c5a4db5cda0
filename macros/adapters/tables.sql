{# Return how the tables of the state are stored, if the warehouse has a choice that matters. #}
{% macro stored_as() %}{{ return(adapter.dispatch('stored_as', 'dbt_heap')()) }}{% endmacro %}

{% macro default__stored_as() %}{{ return('') }}{% endmacro %}

{#
    Before version 4, the default is Hive's text format, which splits a text at a line break:
    https://spark.apache.org/docs/latest/sql-migration-guide.html
#}
{% macro spark__stored_as() %}{{ return('using parquet') }}{% endmacro %}

{# Return the most columns a table can have; none if no statement of dbt-heap comes near the limit. #}
{% macro max_columns() %}{{ return(adapter.dispatch('max_columns', 'dbt_heap')()) }}{% endmacro %}

{% macro default__max_columns() %}{{ return(none) }}{% endmacro %}

{#
    https://www.postgresql.org/docs/current/limits.html,
    https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_usage.html
#}
{% macro postgres__max_columns() %}{{ return(1600) }}{% endmacro %}

{# https://cloud.google.com/bigquery/quotas#standard_tables #}
{% macro bigquery__max_columns() %}{{ return(10000) }}{% endmacro %}
