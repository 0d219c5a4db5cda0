{# The condition that a row is about one of the deleted people. `where` narrows a table that several syncs share. #}
{% macro is_purged(table, subject, deletion, where) -%}
    {{ where or '1 = 1' }} and {{ dbt_heap.bytewise(subject) }} in (
        {{ dbt_heap.deleted_subjects(deletion, '(select * from ' ~ table ~ ' where ' ~ (where or '1 = 1') ~ ') as known_rows', subject) }}
    )
{%- endmacro %}

{# Count the rows that `purge` would delete. `subject` is an expression over the table. #}
{% macro count_purged(table, subject, deletion, where) %}
select count(*) as found
from {{ table }} as purged
where {{ dbt_heap.is_purged(table, subject, deletion, where) }}
{% endmacro %}

{# Create the next generation of a table without those rows, for warehouses that cannot delete in place. #}
{% macro create_purged_generation(table, subject, deletion, where, next) %}
create table {{ next }} {{ dbt_heap.stored_as() }} as
select * from {{ table }}
where not coalesce({{ dbt_heap.is_purged(table, subject, deletion, where) }}, 1 = 0)
{% endmacro %}
