{# Return the condition that a row of a shared table belongs to one sync at one destination. #}
{% macro of_sync(plan) %}
    {{- return(dbt_heap.bytewise('sync') ~ ' = ' ~ dbt_heap.literal(plan.sync) ~ ' and ' ~ dbt_heap.bytewise('destination') ~ ' = ' ~ dbt_heap.literal(plan.destination)) -}}
{% endmacro %}

{# Return the condition that a row belongs to any of several syncs. #}
{% macro of_syncs(syncs) %}
    {%- set conditions = [] -%}
    {%- for sync in syncs -%}{%- do conditions.append('(' ~ dbt_heap.of_sync(sync) ~ ')') -%}{%- endfor -%}
    {{ return('(' ~ conditions | join(' or ') ~ ')') }}
{% endmacro %}

{# Return the end of a condition that keeps what came after an instant, if one is given. #}
{% macro and_since(column, since) %}
    {{- return(' and ' ~ column ~ ' >= ' ~ dbt.cast(dbt_heap.literal(since), dbt.type_timestamp()) if since else '') -}}
{% endmacro %}

{# Return the end of a condition that keeps some values of a column, if any are given. #}
{% macro and_one_of(column, words) %}{{ return(' and ' ~ dbt_heap.one_of(column, words) if words else '') }}{% endmacro %}
