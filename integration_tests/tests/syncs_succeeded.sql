-- Let dbt alert you if a sync's last run did not succeed. Before the first run, there are no rows.
{{ config(severity='warn') }}

select sync, status, rejected, undelivered
from {{ ref('heap_sync_runs') }}
where is_latest and status in ('rejected', 'undelivered', 'refused', 'interrupted', 'unfinished')
