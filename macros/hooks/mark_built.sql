{#
    As a post-hook: writes down that a tagged model was built, within the model's own transaction where it has one. For other models,
    and before `dbt-heap sync` or `record_run` has made the table, it does nothing: models are built side by side, and of two that make one
    table at once one would fail.
#}
{% macro mark_built() %}{{ return(adapter.dispatch('mark_built', 'dbt_heap')()) }}{% endmacro %}

{% macro default__mark_built() %}
    {%- if execute and dbt_heap.is_tagged(model) and load_relation(dbt_heap.declared_relation('builds')) -%}
        {{ return(dbt_heap.insert_builds([dbt_heap.build_of(model, 'built')])) }}
    {%- endif -%}
    {{ return('') }}
{% endmacro %}

{# Of inserts side by side into one table of files some fail (tried on Spark 4.3), and would fail their models. #}
{% macro spark__mark_built() %}{{ return('') }}{% endmacro %}

{% macro databricks__mark_built() %}{{ return(dbt_heap.default__mark_built()) }}{% endmacro %}
