{# The project's own schema names, which also apply to the state's schema. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ 'people' if custom_schema_name is none else custom_schema_name ~ '_of_shop' }}
{%- endmacro %}

{# Override a macro of dbt-heap by `dispatch` in dbt_project.yml: identities in upper case. #}
{% macro default__as_text(expression) %}{{ return('upper(cast(' ~ expression ~ ' as varchar))') }}{% endmacro %}
