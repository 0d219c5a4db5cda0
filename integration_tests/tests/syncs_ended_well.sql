-- What dbt can alert on: how the last sync ended, as the state in the warehouse has it. Before the first one there is nothing to say.
{{ config(severity='warn') }}

select sync, status, rejected, undelivered
from {{ ref('heap_sync_runs') }}
where is_latest and status in ('rejected', 'undelivered', 'refused', 'interrupted', 'unfinished')
