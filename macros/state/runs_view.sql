{# One row a run of a sync: when, and what became of its rows. #}
{% macro runs_view(state) %}
select
    destination, sync, run_id,
    min({{ adapter.quote('at') }}) as started_at,
    max({{ adapter.quote('at') }}) as last_at,
    coalesce(max(status), 'unfinished') as status,
    max(planned) as planned,
    max(accepted) as accepted,
    max(rejected) as rejected,
    max(undelivered) as undelivered,
    max(standing) as standing,
    max(model) as model,
    max(relation) as relation,
    max(host) as host
from {{ state.sync_log }}
where run_id is not null
group by destination, sync, run_id
{% endmacro %}
