{#
    The columns of relations that `catalog` did not list, as rows like its own, read by the adapter's own call. Asked only if something is
    missing. Raises if the role is refused.
#}
{% macro unlisted_columns(relations) %}{{ return(adapter.dispatch('unlisted_columns', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__unlisted_columns(relations) %}
    {%- set rows = [] -%}
    {%- for each in relations -%}
        {%- for found in adapter.get_columns_in_relation(dbt_heap.written_relation(each)) -%}
            {%- do rows.append([each.database, each.schema, each.identifier, found.name, found.data_type]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{# All databases are one process: nothing is hidden. https://duckdb.org/docs/stable/sql/meta/information_schema #}
{% macro duckdb__unlisted_columns(relations) %}{{ return([]) }}{% endmacro %}

{# A relation with the quotes that the manifest gives its name. #}
{% macro written_relation(relation) %}
    {%- set named = api.Relation.create(database=relation.database, schema=relation.schema, identifier=relation.identifier) -%}
    {%- if not relation.sql -%}{{ return(named) }}{%- endif -%}
    {{ return(named.quote(
        database=adapter.quote(relation.database or '') in relation.sql,
        schema=adapter.quote(relation.schema) in relation.sql,
        identifier=adapter.quote(relation.identifier) in relation.sql,
    )) }}
{% endmacro %}
