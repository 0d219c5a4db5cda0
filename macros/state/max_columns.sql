{# How many columns a table may have; none where no statement of ours gets near it. #}
{% macro max_columns() %}{{ return(adapter.dispatch('max_columns', 'dbt_heap')()) }}{% endmacro %}

{% macro default__max_columns() %}{{ return(none) }}{% endmacro %}

{# https://www.postgresql.org/docs/current/limits.html, https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_usage.html #}
{% macro postgres__max_columns() %}{{ return(1600) }}{% endmacro %}

{# https://cloud.google.com/bigquery/quotas#standard_tables #}
{% macro bigquery__max_columns() %}{{ return(10000) }}{% endmacro %}
