{#
    Clears what is older than so many days and nothing hangs by: runs before each sync's newest, rejects that stand no more, and what the
    logs keep of what was sent. Where a run is at work beside it, its rows are newer. Safe to repeat.
#}
{% macro forget_older(state, logs, days) %}{{ return(adapter.dispatch('forget_older', 'dbt_heap')(state, logs, days)) }}{% endmacro %}

{% macro default__forget_older(state, logs, days) %}
    {%- set cutoff = dbt.dateadd('day', -days, dbt_heap.now()) -%}
    {%- set newest -%}
        select sync_log.run_id, sync_log.rejects_run_id, row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by entry desc) as newness
        from {{ state.sync_log }} as sync_log
    {%- endset -%}
    {%- set kept = "(select coalesce({}, '') from (" ~ newest ~ ") as newest where newness = 1)" -%}
    {%- set statements = [
        'delete from ' ~ state.reject_log ~ ' where last_at < ' ~ cutoff ~ " and coalesce(run_id, '') not in " ~ kept.format('rejects_run_id'),
        'delete from ' ~ state.sync_log ~ ' where ' ~ dbt_heap.log_name('at') ~ ' < ' ~ cutoff ~ " and coalesce(run_id, '') not in " ~ kept.format('run_id'),
    ] -%}
    {%- for log in logs -%}{%- do statements.append('delete from ' ~ log ~ ' where sent_at < ' ~ cutoff) -%}{%- endfor -%}
    {{ return(statements) }}
{% endmacro %}

{# Parquet tables have no delete: https://spark.apache.org/docs/latest/sql-ref-syntax.html #}
{% macro spark__forget_older(state, logs, days) %}{{ return([]) }}{% endmacro %}

{# https://docs.databricks.com/aws/en/sql/language-manual/delta-delete-from #}
{% macro databricks__forget_older(state, logs, days) %}{{ return(dbt_heap.default__forget_older(state, logs, days)) }}{% endmacro %}
