{# Expand to an expression as text, exactly as Heap would get it, compared by its bytes. #}
{% macro as_text(expression) %}{{ adapter.dispatch('as_text', 'dbt_heap')(expression) }}{% endmacro %}

{% macro default__as_text(expression) %}{{ dbt_heap.bytewise('cast(' ~ expression ~ ' as ' ~ dbt.type_string() ~ ')') }}{% endmacro %}

{# Return the condition that two values differ. A null counts as a value. #}
{% macro differs(left, right) %}{{ return(adapter.dispatch('differs', 'dbt_heap')(left, right)) }}{% endmacro %}

{% macro default__differs(left, right) %}{{ return(left ~ ' is distinct from ' ~ right) }}{% endmacro %}

{# Redshift has no `is distinct from`: https://docs.aws.amazon.com/redshift/latest/dg/r_comparison_condition.html #}
{% macro redshift__differs(left, right) %}
    {{ return('(' ~ left ~ ' <> ' ~ right ~ ' or (' ~ left ~ ' is null) <> (' ~ right ~ ' is null))') }}
{% endmacro %}

{# Return the condition that a float is NaN or infinite. #}
{% macro not_finite(expression) %}{{ return(adapter.dispatch('not_finite', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__not_finite(expression) %}
    {{ return('lower(' ~ dbt_heap.as_text(expression) ~ ") in ('nan', 'inf', '-inf', '+inf', 'infinity', '-infinity')") }}
{% endmacro %}

{#
    DuckDB turns a list of more than five constants into a join, and hundreds of joins take minutes to plan (tried on
    2.0):
    https://duckdb.org/docs/stable/sql/functions/numeric
#}
{% macro duckdb__not_finite(expression) %}{{ return('not isfinite(' ~ expression ~ ')') }}{% endmacro %}

{# Return an array, struct, map or json column as JSON text. Equal values give equal text. #}
{% macro json_text(expression) %}{{ return(adapter.dispatch('json_text', 'dbt_heap')(expression)) }}{% endmacro %}

{% macro default__json_text(expression) %}{{ return(dbt_heap.as_text('to_json(' ~ expression ~ ')')) }}{% endmacro %}

{#
    A json value does not cast to text:
    https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#to_json_string
#}
{% macro bigquery__json_text(expression) %}{{ return('to_json_string(' ~ expression ~ ')') }}{% endmacro %}

{# https://docs.aws.amazon.com/redshift/latest/dg/JSON_SERIALIZE.html #}
{% macro redshift__json_text(expression) %}{{ return('json_serialize(' ~ expression ~ ')') }}{% endmacro %}

{# Return a mapped column as a page selects it. #}
{% macro page_column(column) %}{{ return(adapter.dispatch('page_column', 'dbt_heap')(column)) }}{% endmacro %}

{% macro default__page_column(column) %}{{ return(column.stored) }}{% endmacro %}

{#
    PySpark converts an instant to the local time of its machine. Without a zone, it returns the session's time, which
    is UTC.
#}
{% macro spark__page_column(column) %}
    {{ return('cast(' ~ column.stored ~ ' as timestamp_ntz)' if column.value_class == 'timestamptz' else column.stored) }}
{% endmacro %}
