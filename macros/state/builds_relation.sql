{# The table `builds` as a hook finds it, by the project's `vars: dbt_heap: schema`, in which dbt renders no `env_var`. #}
{% macro builds_relation() %}
    {%- set declared = var('dbt_heap', {}).get('schema', 'dbt_heap') -%}
    {{ return(dbt_heap.state_relation(dbt_heap.state_schema(render(declared)), 'builds')) }}
{% endmacro %}
