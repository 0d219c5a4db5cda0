{# Appends how requests ended, for all whom they were about. Safe to repeat. #}
{% macro end_requests(deletion, run_id, step) %}
insert into {{ deletion.log }} ({{ dbt_heap.deletion_columns() }})
select distinct
    '{{ step }}', log.digest, log.address, log.request_id, log.sync, {{ dbt_heap.literal(run_id) }}, {{ dbt_heap.now() }}
from {{ deletion.log }} as log
where log.step = 'requested' and {{ dbt_heap.of_requests(deletion, 'log') }}
    and not exists (
        select 1 from {{ deletion.log }} as ended
        where ended.request_id = log.request_id and ended.step in ('deleted', 'lost')
    )
{% endmacro %}

{# The rows of the deletion log that are of some requests. #}
{% macro of_requests(deletion, log) %}
    {{- return(log ~ '.address = ' ~ dbt_heap.literal(deletion.address)
        ~ ' and ' ~ log ~ '.request_id in (' ~ dbt_heap.literals(deletion.requests) ~ ')') -}}
{% endmacro %}
