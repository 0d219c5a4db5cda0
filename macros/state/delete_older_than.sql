{#
    Delete what is older than a number of days and no longer needed: runs before each sync's latest, rejects that are
    no longer current, and old rows of the property logs. The rows of a run in progress are newer. Safe to repeat.
#}
{% macro delete_older_than(state, logs, days) %}
    {%- if not dbt_heap.supports_delete() -%}{{ return([]) }}{%- endif -%}
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
