{# The word that makes a CTE be computed once. Where an engine has none, its planner decides. #}
{% macro materialized() %}{{ return(adapter.dispatch('materialized', 'dbt_heap')()) }}{% endmacro %}

{% macro default__materialized() %}{{ return('') }}{% endmacro %}

{# Without it a view would be read once for each mention: https://www.postgresql.org/docs/current/queries-with.html #}
{% macro postgres__materialized() %}{{ return('materialized') }}{% endmacro %}

{# https://duckdb.org/docs/stable/sql/query_syntax/with #}
{% macro duckdb__materialized() %}{{ return('materialized') }}{% endmacro %}

{# It takes no such word: https://docs.aws.amazon.com/redshift/latest/dg/r_WITH_clause.html #}
{% macro redshift__materialized() %}{{ return('') }}{% endmacro %}
