{#
    Count the failing rows of a test by reason, most frequent first: `limit` keeps the first ones. Rows themselves are
    left out, or `store_failures` would copy identities into another schema.
#}
{% macro rows_by_reason(tested, reason) %}
select reason, count(*) as row_count
from (
    select {{ reason }} as reason
    from {{ tested }}
) as judged
where reason is not null
group by reason
order by row_count desc, reason
{% endmacro %}

{#
    Return the class of the tested column; none if it is unknown: before execution, for an ephemeral model, for an
    expression. With a `where` config, dbt passes a subquery instead of the model:
    https://docs.getdbt.com/reference/resource-configs/where
#}
{% macro tested_class(tested, column_name) %}
    {%- if not execute -%}{{ return(none) }}{%- endif -%}
    {%- set relation = dbt_heap.tested_relation() if tested is string else tested -%}
    {%- if not relation or relation.is_cte -%}{{ return(none) }}{%- endif -%}
    {%- set wanted = column_name | replace('"', '') | replace('`', '') | lower -%}
    {%- for found in adapter.get_columns_in_relation(relation) if found.name | lower == wanted -%}
        {{ return(dbt_heap.value_class(found.data_type)) }}
    {%- endfor -%}
    {{ return(none) }}
{% endmacro %}

{#
    Return the relation that the running test is attached to, read from the graph; none if it does not exist. dbt
    attaches every test except those on sources.
#}
{% macro tested_relation() %}
    {%- set unique_id = model.attached_node or model.depends_on.nodes | first -%}
    {%- set node = graph.nodes.get(unique_id) or graph.sources.get(unique_id) -%}
    {%- if not node -%}{{ return(none) }}{%- endif -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias or node.identifier)) }}
{% endmacro %}
