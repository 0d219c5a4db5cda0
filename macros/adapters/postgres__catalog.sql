{#
    Reads pg_catalog, because information_schema has no materialized views and hides what the role may not read. Types
    are spelled as information_schema spells them, so the state is the same whichever was read.
    https://www.postgresql.org/docs/current/catalog-pg-class.html
    https://github.com/postgres/postgres/blob/master/src/backend/catalog/information_schema.sql
#}
{% macro postgres__catalog(relations) %}
select
    current_database() as table_catalog, schemas.nspname as table_schema, relations.relname as table_name,
    columns.attname as column_name, {{ dbt_heap.postgres__full_type() }} as data_type
from pg_catalog.pg_attribute as columns
join pg_catalog.pg_class as relations on relations.oid = columns.attrelid
join pg_catalog.pg_namespace as schemas on schemas.oid = relations.relnamespace
join pg_catalog.pg_type as types on types.oid = columns.atttypid
join pg_catalog.pg_namespace as type_schemas on type_schemas.oid = types.typnamespace
left join pg_catalog.pg_type as bases on types.typtype = 'd' and bases.oid = types.typbasetype
left join pg_catalog.pg_namespace as base_schemas on base_schemas.oid = bases.typnamespace
where relations.relkind in ({{ dbt_heap.postgres_kinds() }}) and columns.attnum > 0 and not columns.attisdropped
and ({% for relation in relations %}
    {{- 'or ' if not loop.first }}({{ dbt_heap.same_name('schemas.nspname', relation.schema) }}
    {%- if relation.database %} and {{ dbt_heap.same_name('current_database()', relation.database) }}{% endif %}
    {%- if relation.identifier %} and {{ dbt_heap.same_name('relations.relname', relation.identifier) }}{% endif %}
    {%- if relation.readable %} and has_schema_privilege(schemas.oid, 'usage') and has_column_privilege(relations.oid, columns.attnum, 'select'){% endif %})
{% endfor %})
order by table_catalog, table_schema, table_name, columns.attnum
{% endmacro %}

{# Tables, views, materialized views, foreign tables, partitioned tables. #}
{% macro postgres_kinds() %}{{ return("'r', 'v', 'm', 'f', 'p'") }}{% endmacro %}
