{# Return a table of the state schema, quoted by the adapter. #}
{% macro state_relation(schema, identifier) %}
    {{ return(adapter.dispatch('state_relation', 'dbt_heap')(schema, identifier)) }}
{% endmacro %}

{% macro default__state_relation(schema, identifier) %}
    {{ return(api.Relation.create(database=target.database, schema=schema, identifier=identifier)) }}
{% endmacro %}

{# Spark has schemas and no databases: https://docs.getdbt.com/reference/resource-configs/spark-configs #}
{% macro spark__state_relation(schema, identifier) %}
    {{ return(api.Relation.create(schema=schema, identifier=identifier)) }}
{% endmacro %}

{# Return the state schema, quoted by the adapter. #}
{% macro schema_relation(schema) %}
    {{ return(adapter.dispatch('schema_relation', 'dbt_heap')(schema)) }}
{% endmacro %}

{% macro default__schema_relation(schema) %}
    {{ return(api.Relation.create(database=target.database, schema=schema).without_identifier() | string) }}
{% endmacro %}

{% macro spark__schema_relation(schema) %}
    {{ return(api.Relation.create(schema=schema).without_identifier() | string) }}
{% endmacro %}

{# A schema is created in the connected database: https://www.postgresql.org/docs/current/sql-createschema.html #}
{% macro postgres__schema_relation(schema) %}{{ return(dbt_heap.spark__schema_relation(schema)) }}{% endmacro %}
