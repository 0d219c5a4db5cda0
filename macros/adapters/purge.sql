{#
    Delete the rows of a table that are about deleted people. Safe to repeat. `aside` is the name of a table that does
    not exist.
#}
{% macro purge(table, subject, deletion, where, aside) %}
    {{- return(adapter.dispatch('purge', 'dbt_heap')(table, subject, deletion, where, aside)) -}}
{% endmacro %}

{% macro default__purge(table, subject, deletion, where, aside) %}
delete from {{ table }}
where {{ dbt_heap.is_purged(table, subject, deletion, where) }}
{% endmacro %}

{#
    Parquet tables have no delete and cannot be overwritten with rows read from themselves. A run killed in between
    loses rejects, which are found again, or rows of a dead run's outbox, which are sent again:
    https://spark.apache.org/docs/latest/sql-ref-syntax.html
#}
{% macro spark__purge(table, subject, deletion, where, aside) %}
    {{ return([
        'create table ' ~ aside ~ ' ' ~ dbt_heap.stored_as() ~ ' as select * from ' ~ table
            ~ ' where not coalesce(' ~ dbt_heap.is_purged(table, subject, deletion, where) ~ ', 1 = 0)',
        'insert overwrite table ' ~ table ~ ' select * from ' ~ aside,
        'drop table if exists ' ~ aside,
    ]) }}
{% endmacro %}
