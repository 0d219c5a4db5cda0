{# A relation that a person names, quoted by the adapter. #}
{% macro given_relation(relation) %}
    {%- if relation.database -%}
        {{ return(api.Relation.create(database=relation.database, schema=relation.schema, identifier=relation.identifier) | string) }}
    {%- endif -%}
    {{ return(dbt_heap.state_relation(relation.schema, relation.identifier) | string) }}
{% endmacro %}
