{# A relation that a person names, quoted by the adapter. #}
{% macro given_relation(relation) %}
    {{ return(api.Relation.create(database=relation.database, schema=relation.schema, identifier=relation.identifier) | string) }}
{% endmacro %}
