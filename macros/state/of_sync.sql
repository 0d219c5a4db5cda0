{# The rows of a shared table that belong to one sync at one destination. #}
{% macro of_sync(plan) %}
    {{- return('sync = ' ~ dbt_heap.literal(plan.sync) ~ ' and destination = ' ~ dbt_heap.literal(plan.destination)) -}}
{% endmacro %}
