{#
    Select one row per run of a sync: when it ran and its row counts. `columns` holds the columns of `sync_log`.
#}
{% macro runs_view(state, columns) %}
select
    destination, sync, run_id,
    min({{ adapter.quote('at') }}) as started_at,
    max({{ adapter.quote('at') }}) as last_at,
    coalesce(max(status), 'unfinished') as status,
    max(planned) as planned,
    max(accepted) as accepted,
    max(rejected) as rejected,
    max(undelivered) as undelivered,
    max({{ dbt_heap.log_value('still_rejected', dbt.type_bigint(), columns) }}) as still_rejected,
    max(model) as model,
    max(relation) as relation,
    max(host) as host
from {{ state.sync_log }}
where run_id is not null
group by destination, sync, run_id
{% endmacro %}

{# Select the current rejects: those of the run that each sync's newest entry names. #}
{% macro rejects_view(state) %}
select rejects.*
from {{ state.reject_log }} as rejects
join (
    select destination, sync, rejects_run_id,
        row_number() over (partition by {{ dbt_heap.bytewise('destination') }}, {{ dbt_heap.bytewise('sync') }} order by entry desc) as newness
    from {{ state.sync_log }}
) as newest
    on newest.newness = 1
    and {{ dbt_heap.bytewise('newest.destination') }} = {{ dbt_heap.bytewise('rejects.destination') }}
    and {{ dbt_heap.bytewise('newest.sync') }} = {{ dbt_heap.bytewise('rejects.sync') }}
    and newest.rejects_run_id = rejects.run_id
{% endmacro %}

{#
    Create `<sync>__synced`: one row per key, with the last value of every property that Heap acknowledged, under
    Heap's names.
#}
{% macro synced_view(view, synced, columns, same) %}
    {%- set shown = [] -%}
    {%- for name, wanted in columns.items() -%}{%- do shown.append(name ~ ' as ' ~ adapter.quote(wanted)) -%}{%- endfor -%}
    {%- set select = ' view ' ~ view ~ ' as select ' ~ shown | join(', ') ~ ' from ' ~ synced -%}
    {#- `replace` keeps grants and dependent views, but some warehouses cannot change a view's columns with it: https://www.postgresql.org/docs/current/sql-createview.html #}
    {{ return(['create or replace' ~ select] if same else ['drop view if exists ' ~ view, 'create' ~ select]) }}
{% endmacro %}
