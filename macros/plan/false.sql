{# The literal. #}
{% macro false() %}{{ return(adapter.dispatch('false', 'dbt_heap')()) }}{% endmacro %}

{% macro default__false() %}{{ return('false') }}{% endmacro %}
