{# A relation of the state as the project's own models and hooks find it: by its `vars: dbt_heap: schema`, in which dbt renders no `env_var`. #}
{% macro declared_relation(identifier) %}
    {%- set name = dbt_heap.heap_vars().get('schema', 'dbt_heap') -%}
    {{ return(dbt_heap.state_relation(dbt_heap.state_schema(render(name) if '{' in name else name), identifier)) }}
{% endmacro %}
