{# True where two values differ, a null being a value like any other. #}
{% macro differs(left, right) %}{{ return(adapter.dispatch('differs', 'dbt_heap')(left, right)) }}{% endmacro %}

{% macro default__differs(left, right) %}{{ return(left ~ ' is distinct from ' ~ right) }}{% endmacro %}

{# Redshift has no `is distinct from`: https://docs.aws.amazon.com/redshift/latest/dg/r_comparison_condition.html #}
{% macro redshift__differs(left, right) %}
    {{ return('(' ~ left ~ ' <> ' ~ right ~ ' or (' ~ left ~ ' is null) <> (' ~ right ~ ' is null))') }}
{% endmacro %}
