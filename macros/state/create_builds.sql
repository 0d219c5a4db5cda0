{#
    Makes the table `builds`, and its schema, where they are missing. It is looked for by a statement of ours: dbt's own look may begin a
    transaction that nobody ends after a run, and all that the hook writes would be gone with it (tried on DuckDB).
#}
{% macro create_builds() %}
    {%- set builds = dbt_heap.declared_relation('builds') -%}
    {%- set wanted = {'database': builds.database, 'schema': builds.schema, 'identifier': builds.identifier} -%}
    {%- if run_query(dbt_heap.catalog([wanted])).rows | selectattr(2) | list -%}{{ return(none) }}{%- endif -%}
    {%- if not dbt_heap.schema_exists(builds.schema) -%}{%- do run_query(dbt_heap.create_state_schema(builds.schema)) -%}{%- endif -%}
    {%- do run_query('create table if not exists ' ~ builds ~ ' (' ~ dbt_heap.state_columns().builds.values() | join(', ') ~ ') ' ~ dbt_heap.stored_as()) -%}
{% endmacro %}
