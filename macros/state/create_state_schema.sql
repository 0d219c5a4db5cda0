{# The state's schema. A role that may make none may have it made for it: on Postgres even `if not exists` needs the right to. #}
{% macro create_state_schema(schema) %}create schema if not exists {{ dbt_heap.schema_relation(schema) }}{% endmacro %}

{# Whether it is there. #}
{% macro schema_exists(schema) %}{{ return(adapter.check_schema_exists(target.database, schema)) }}{% endmacro %}
