{#
    Create the state schema. It can also be created for a role that may not: on Postgres, even `if not exists` needs
    the right to.
#}
{% macro create_state_schema(schema) %}create schema if not exists {{ dbt_heap.schema_relation(schema) }}{% endmacro %}

{# Return whether the schema exists. #}
{% macro schema_exists(schema) %}{{ return(adapter.check_schema_exists(target.database, schema)) }}{% endmacro %}

{# Return a relation that a user named, quoted by the adapter. #}
{% macro relation_name(relation) %}
    {{ return(api.Relation.create(database=relation.database, schema=relation.schema, identifier=relation.identifier) | string) }}
{% endmacro %}

{# Drop a table that no entry of the log names any more. #}
{% macro drop_state_table(relation) %}drop table if exists {{ relation }}{% endmacro %}

{# Drop a view of state that no longer exists. #}
{% macro drop_state_view(view) %}drop view if exists {{ view }}{% endmacro %}
