{#
    pg_class lists every relation except Spectrum's and those of other databases; for these, the catalog shows what is
    granted:
    https://docs.aws.amazon.com/redshift/latest/dg/r_HAS_TABLE_PRIVILEGE.html
#}
{% macro redshift__access(relation) %}
    {%- set here = (relation.database or target.database) | lower == target.database | lower -%}
select 'role' as fact, current_user::text as name
    {%- if not here %}
union all
select 'hidden', ''
    {%- else %}
union all
select 'no_relation', ''
where not exists (
    select 1 from pg_catalog.pg_class
    join pg_catalog.pg_namespace on pg_namespace."oid" = pg_class.relnamespace
    where {{ dbt_heap.same_name('nspname', relation.schema) }} and {{ dbt_heap.same_name('relname', relation.identifier) }}
)
union all
select 'no_schema', ''
where not exists (select 1 from pg_catalog.pg_namespace where {{ dbt_heap.same_name('nspname', relation.schema) }})
union all
select 'hidden', '' from pg_catalog.svv_external_schemas where {{ dbt_heap.same_name('schemaname', relation.schema) }}
union all
select 'no_usage', '' from pg_catalog.pg_namespace
where {{ dbt_heap.same_name('nspname', relation.schema) }} and not has_schema_privilege(nspname, 'usage')
union all
select 'no_select', '' from pg_catalog.pg_class
join pg_catalog.pg_namespace on pg_namespace."oid" = pg_class.relnamespace
where {{ dbt_heap.same_name('nspname', relation.schema) }} and {{ dbt_heap.same_name('relname', relation.identifier) }}
and not has_table_privilege(pg_class."oid", 'select')
    {%- endif %}
{% endmacro %}
