{#
    The class of a tested column's type; none where nobody can know it: until dbt runs, of an ephemeral model, of what is no column.
    Where a test has a `where`, dbt gives it a subquery in its model's place: https://docs.getdbt.com/reference/resource-configs/where
#}
{% macro tested_class(tested, column_name) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set relation = dbt_heap.tested_relation() if tested is string else tested -%}
    {%- if not relation or relation.is_cte -%}{{ return(none) }}{%- endif -%}
    {%- set wanted = column_name | replace('"', '') | replace('`', '') | lower -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name | lower == wanted -%}
        {{ return(dbt_heap.value_class(column.data_type)) }}
    {%- endfor -%}
    {{ return(none) }}
{% endmacro %}

{# What the test that is running is about, by the graph; none where nothing stands there. dbt says it of all but tests of sources. #}
{% macro tested_relation() %}
    {%- set unique_id = model.attached_node or model.depends_on.nodes | first -%}
    {%- set node = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
    {%- if not node -%}{{ return(none) }}{%- endif -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias or node.identifier)) }}
{% endmacro %}
