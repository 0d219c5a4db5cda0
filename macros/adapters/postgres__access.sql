{# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS #}
{% macro postgres__access(relation) %}
with place as (
    select oid, has_schema_privilege(oid, 'usage') as usable
    from pg_catalog.pg_namespace
    where {{ dbt_heap.same_name('nspname', relation.schema) }}
),

found as (
    select relations.oid
    from pg_catalog.pg_class as relations
    join place on place.oid = relations.relnamespace
    where relations.relkind in ({{ dbt_heap.postgres_kinds() }}) and {{ dbt_heap.same_name('relations.relname', relation.identifier) }}
)

select 'role' as fact, current_user::text as name
{%- if relation.database %}
union all
select 'no_database', current_database()::text where not {{ dbt_heap.same_name('current_database()', relation.database) }}
{%- endif %}
union all
select 'no_schema', '' where not exists (select 1 from place)
union all
select 'no_relation', '' where not exists (select 1 from found)
union all
select 'no_usage', '' from place where not usable
union all
select 'no_select', '' from found where not has_any_column_privilege(found.oid, 'select')
union all
select 'no_column', columns.attname::text
from found
join pg_catalog.pg_attribute as columns on columns.attrelid = found.oid
where columns.attnum > 0 and not columns.attisdropped and not has_column_privilege(found.oid, columns.attnum, 'select')
{% endmacro %}
