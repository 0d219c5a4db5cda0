{# dbt's results with the statuses that the var `statuses` gives, by name: those of another version of dbt. #}
{% macro with_statuses(results) %}
    {%- set found = [] -%}
    {%- for result in results -%}
        {%- do found.append({'node': result.node, 'status': var('statuses', {}).get(result.node.name, result.status)}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
