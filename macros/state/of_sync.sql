{# The rows of a shared table that belong to one sync at one destination. #}
{% macro of_sync(plan) %}
    {{- return(dbt_heap.bytewise('sync') ~ ' = ' ~ dbt_heap.literal(plan.sync) ~ ' and ' ~ dbt_heap.bytewise('destination') ~ ' = ' ~ dbt_heap.literal(plan.destination)) -}}
{% endmacro %}

{# … or to any of several. #}
{% macro of_syncs(syncs) %}
    {%- set each = [] -%}
    {%- for sync in syncs -%}{%- do each.append('(' ~ dbt_heap.of_sync(sync) ~ ')') -%}{%- endfor -%}
    {{ return('(' ~ each | join(' or ') ~ ')') }}
{% endmacro %}
