{#
    Return the columns of relations that `catalog` did not list, as rows of the same shape, by the adapter's own call.
    Raise if the role is refused. dbt-heap only asks when something is missing.
#}
{% macro unlisted_columns(relations) %}{{ return(adapter.dispatch('unlisted_columns', 'dbt_heap')(relations)) }}{% endmacro %}

{% macro default__unlisted_columns(relations) %}
    {%- set rows = [] -%}
    {%- for relation in relations -%}
        {%- for found in adapter.get_columns_in_relation(dbt_heap.quoted_relation(relation)) -%}
            {%- do rows.append([relation.database, relation.schema, relation.identifier, found.name, found.data_type]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{% endmacro %}

{# One process holds all databases and hides nothing: https://duckdb.org/docs/stable/sql/meta/information_schema #}
{% macro duckdb__unlisted_columns(relations) %}{{ return([]) }}{% endmacro %}

{# A relation that pg_catalog does not list does not exist. #}
{% macro postgres__unlisted_columns(relations) %}{{ return([]) }}{% endmacro %}

{# `show table extended` lists every relation. #}
{% macro spark__unlisted_columns(relations) %}{{ return([]) }}{% endmacro %}

{# Select no rows of a relation, which fails if the role may not read it. #}
{% macro no_rows(relation) %}
select * from {{ relation }} where 1 = 0
{% endmacro %}

{# Return a relation, quoted as its name in the manifest is. #}
{% macro quoted_relation(relation) %}
    {%- set named = api.Relation.create(database=relation.database, schema=relation.schema, identifier=relation.identifier) -%}
    {%- if not relation.sql -%}{{ return(named) }}{%- endif -%}
    {{ return(named.quote(
        database=adapter.quote(relation.database or '') in relation.sql,
        schema=adapter.quote(relation.schema) in relation.sql,
        identifier=adapter.quote(relation.identifier) in relation.sql,
    )) }}
{% endmacro %}
