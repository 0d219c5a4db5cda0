{#
    As a post-hook: writes down that a tagged model was built, within the model's own transaction where it has one. For other models,
    and before `dbt-heap sync` or `record_run` has made the table, it does nothing: models are built side by side, and of two that make one
    table at once one would fail.
#}
{% macro mark_built() %}{{ return(adapter.dispatch('mark_built', 'dbt_heap')()) }}{% endmacro %}

{% macro default__mark_built() %}
    {%- if execute and dbt_heap.is_tagged(model) and load_relation(dbt_heap.declared_relation('builds')) -%}
        {{ return(dbt_heap.insert_builds([{'model': model.unique_id, 'status': 'built', 'failed_tests': none}])) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}
