{#
    Select the latest runs of some syncs, latest first; only those that started after an instant or ended with one of
    some statuses, if given. `columns` holds the columns of the view `runs`.
#}
{% macro read_runs(state, syncs, limit, columns, since=none, statuses=[]) %}
select run_id, sync, destination, status, {{ dbt_heap.as_text('started_at') }} as started_at, {{ dbt_heap.as_text('last_at') }} as last_at,
    planned, accepted, rejected, undelivered, {{ dbt_heap.log_value('still_rejected', dbt.type_bigint(), columns) }} as still_rejected
from {{ state.runs }} as runs
where {{ dbt_heap.of_syncs(syncs) }}
{{- dbt_heap.and_since('started_at', since) }}
{{- dbt_heap.and_one_of('status', statuses) }}
order by started_at desc, sync
limit {{ limit }}
{% endmacro %}

{# Select the latest runs of each of some syncs, earliest first. `columns` holds the columns of the view `runs`. #}
{% macro read_history(state, syncs, limit, columns) %}
select run_id, sync, status, {{ dbt_heap.as_text('started_at') }} as started_at,
    planned, accepted, rejected, undelivered, {{ dbt_heap.log_value('still_rejected', dbt.type_bigint(), columns) }} as still_rejected
from (
    select runs.*, row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by started_at desc, run_id desc) as newness
    from {{ state.runs }} as runs
    where {{ dbt_heap.of_syncs(syncs) }}
) as numbered
where newness <= {{ limit }}
order by numbered.started_at, sync
{% endmacro %}

{#
    Select the current rejects, by reason and property or one by one with their keys; only those first seen after an
    instant or for some reasons, if given.
#}
{% macro read_rejects(state, syncs, keys, limit, since=none, reasons=[]) %}
{%- set rows = adapter.quote('rows') -%}
select sync, reason, property,
    {%- if keys %} key as row_key, {{ rows }} as row_count,
    {%- else %} sum({{ rows }}) as row_count, {% endif %}
    {{ dbt_heap.as_text('first_at' if keys else 'min(first_at)') }} as since
from {{ state.rejects }} as rejects
where {{ dbt_heap.of_syncs(syncs) }}
{{- dbt_heap.and_since('first_at', since) }}
{{- dbt_heap.and_one_of('reason', reasons) }}
{%- if not keys %}
group by sync, reason, property
{%- endif %}
order by sync, row_count desc, reason, property
limit {{ limit }}
{% endmacro %}
