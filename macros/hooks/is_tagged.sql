{# Whether a node of dbt's bears `meta.heap`; older projects have it beside `config`. #}
{% macro is_tagged(node) %}
    {{ return(node.resource_type | string in ['model', 'snapshot', 'seed'] and ('heap' in (node.config.meta or {}) or 'heap' in (node.meta or {}))) }}
{% endmacro %}
