{# Narrows a look at the past to what came after an instant, where one is given. #}
{% macro only_since(column, since) %}
    {{- return(' and ' ~ column ~ ' >= ' ~ dbt.cast(dbt_heap.literal(since), dbt.type_timestamp()) if since else '') -}}
{% endmacro %}

{# … or to some of the words that a column holds, where any are given. #}
{% macro only_among(column, words) %}{{ return(' and ' ~ dbt_heap.among(column, words) if words else '') }}{% endmacro %}
