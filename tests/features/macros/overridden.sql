{# The project's own names of schemas, which the state's goes by too. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ 'people' if custom_schema_name is none else custom_schema_name ~ '_of_shop' }}
{%- endmacro %}

{# One of dbt-heap's macros, which `dispatch` in dbt_project.yml has looked for here first: identities in upper case. #}
{% macro default__text_of(expression) %}{{ return('upper(cast(' ~ expression ~ ' as varchar))') }}{% endmacro %}
