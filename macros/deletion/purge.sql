{# How many rows of a table are about people of some requests. `subject` is an expression over the table. #}
{% macro count_purged(table, subject, deletion, where) %}
select count(*) as found
from {{ table }} as purged
where {{ dbt_heap.is_purged(table, subject, deletion, where) }}
{% endmacro %}

{# Removes them. Safe to repeat. `aside` is the name of a table that is not there. #}
{% macro purge(table, subject, deletion, where, aside) %}
    {{- return(adapter.dispatch('purge', 'dbt_heap')(table, subject, deletion, where, aside)) -}}
{% endmacro %}

{% macro default__purge(table, subject, deletion, where, aside) %}
delete from {{ table }}
where {{ dbt_heap.is_purged(table, subject, deletion, where) }}
{% endmacro %}

{#
    Parquet tables take no delete, and are not overwritten with what is read from them. A run that is killed in between loses rejects,
    which are found again, or rows of a dead run's outbox, which are sent again: https://spark.apache.org/docs/latest/sql-ref-syntax.html
#}
{% macro spark__purge(table, subject, deletion, where, aside) %}
    {{ return([
        'create table ' ~ aside ~ ' ' ~ dbt_heap.stored_as() ~ ' as select * from ' ~ table
            ~ ' where not coalesce(' ~ dbt_heap.is_purged(table, subject, deletion, where) ~ ', 1 = 0)',
        'insert overwrite table ' ~ table ~ ' select * from ' ~ aside,
        'drop table if exists ' ~ aside,
    ]) }}
{% endmacro %}

{% macro databricks__purge(table, subject, deletion, where, aside) %}
    {{- return(dbt_heap.default__purge(table, subject, deletion, where, aside)) -}}
{% endmacro %}

{# The table without them, as its next generation: `purge` where nothing can be deleted in place. #}
{% macro purged_generation(table, subject, deletion, where, next) %}
create table {{ next }} {{ dbt_heap.stored_as() }} as
select * from {{ table }}
where not coalesce({{ dbt_heap.is_purged(table, subject, deletion, where) }}, 1 = 0)
{% endmacro %}

{# The condition; `where` narrows a table that several syncs share. #}
{% macro is_purged(table, subject, deletion, where) -%}
    {{ where or '1 = 1' }} and {{ dbt_heap.bytewise(subject) }} in (
        {{ dbt_heap.deleted_subjects(deletion, '(select * from ' ~ table ~ ' where ' ~ (where or '1 = 1') ~ ') as known_rows', subject) }}
    )
{%- endmacro %}

{# Whether rows can be deleted in place. #}
{% macro deletes() %}{{ return(adapter.dispatch('deletes', 'dbt_heap')()) }}{% endmacro %}

{% macro default__deletes() %}{{ return(true) }}{% endmacro %}

{# Parquet tables take no delete: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__deletes() %}{{ return(false) }}{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/delta-delete-from #}
{% macro databricks__deletes() %}{{ return(true) }}{% endmacro %}
