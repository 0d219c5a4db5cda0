{# Makes the table `builds`, and its schema, where they are missing. #}
{% macro create_builds() %}
    {%- set builds = dbt_heap.declared_relation('builds') -%}
    {%- if load_relation(builds) -%}{{ return(none) }}{%- endif -%}
    {%- if not dbt_heap.schema_exists(builds.schema) -%}{%- do run_query(dbt_heap.create_state_schema(builds.schema)) -%}{%- endif -%}
    {%- do run_query('create table if not exists ' ~ builds ~ ' (' ~ dbt_heap.state_columns().builds.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as()) -%}
{% endmacro %}
