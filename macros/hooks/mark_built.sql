{#
    As a post-hook, record that a model with a declared sync was built, in the model's own transaction if it has one.
    It does nothing for other models, or before `dbt-heap sync` or `record_run` has created the table: dbt builds
    models in parallel, and of two that created it at once, one would fail.
#}
{% macro mark_built() %}{{ return(adapter.dispatch('mark_built', 'dbt_heap')()) }}{% endmacro %}

{% macro default__mark_built() %}
    {%- if execute and dbt_heap.supports_parallel_inserts() and dbt_heap.declares_sync(model) and load_relation(dbt_heap.declared_relation('builds')) -%}
        {{ return(dbt_heap.insert_builds([dbt_heap.build_of(model, 'built')])) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}

{# Return whether a dbt node declares a sync. Older projects have `meta` outside `config`. #}
{% macro declares_sync(node) %}
    {{ return(node.resource_type | string in ['model', 'snapshot', 'seed'] and ('heap' in (node.config.meta or {}) or 'heap' in (node.meta or {}))) }}
{% endmacro %}
