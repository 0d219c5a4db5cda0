{# Why Heap would not take what a column holds as an identity; null where it would. #}
{% macro identity_reason(column) %}
    {%- set identity = dbt_heap.text_of(column) -%}
    case
        when {{ identity }} is null then 'null_identity'
        {{- dbt_heap.identity_branches(identity) }}
    end
{%- endmacro %}

{# The branches of it that a sync shares. It says of a null by itself, since such rows may be skipped. #}
{% macro identity_branches(identity) %}
    {%- set limits = dbt_heap.limits() %}
        when {{ dbt_heap.trimmed(identity) }} = '' then 'blank_identity'
        when {{ dbt.length(identity) }} > {{ limits.max_identity }} then 'long_identity'
        when lower({{ dbt_heap.trimmed(identity) }}) in ({% for text in limits.placeholders %}{{ dbt_heap.literal(text) }}{{ ', ' if not loop.last }}{% endfor %}) then 'placeholder_identity'
{%- endmacro %}
