{#
    A table, because a newer dbt-heap may drop and recreate the state's view, and some warehouses refuse to drop a view that another
    one selects from. A var enables it: if the package's dbt_project.yml disabled it, no other project could enable it in dbt 2
    (tried: 2.0.0a4).
#}
{{ config(materialized='table', enabled=var('dbt_heap_models', false)) }}

{%- set text, number, time = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() %}

with runs as (
    {{ dbt_heap.state_rows('runs', {
        'destination': text, 'sync': text, 'model': text, 'run_id': text, 'status': text, 'started_at': time, 'last_at': time,
        'planned': number, 'accepted': number, 'rejected': number, 'undelivered': number, 'still_rejected': number,
    }) }}
)

select
    runs.*,
    row_number() over (partition by destination, sync order by started_at desc, run_id desc) = 1 as is_latest
from runs
