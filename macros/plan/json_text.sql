{# An array, struct, map or json column as JSON text, the same for the same value. #}
{% macro json_text(expression) %}{{ return(adapter.dispatch('json_text', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__json_text(expression) %}{{ return(dbt_heap.text_of('to_json(' ~ expression ~ ')')) }}{% endmacro %}

{# A json value is no text here: https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string #}
{% macro bigquery__json_text(expression) %}{{ return('to_json_string(' ~ expression ~ ')') }}{% endmacro %}

{# https://docs.aws.amazon.com/redshift/latest/dg/JSON_SERIALIZE.html #}
{% macro redshift__json_text(expression) %}{{ return('json_serialize(' ~ expression ~ ')') }}{% endmacro %}
