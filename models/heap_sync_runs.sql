{#
    A table, not a view: a newer dbt-heap that must change the state's view drops it first, which some warehouses refuse as long as
    another view stands on it. Off unless a var says so: what a package's project file turns off, dbt 2 (tried: 2.0.0a4) lets no
    other one turn on.
#}
{{ config(materialized='table', enabled=var('dbt_heap_models', false)) }}

{%- set text, number, time = dbt.type_string(), dbt.type_bigint(), dbt.type_timestamp() %}

with runs as (
    {{ dbt_heap.state_rows('runs', {
        'destination': text, 'sync': text, 'model': text, 'run_id': text, 'status': text, 'started_at': time, 'last_at': time,
        'planned': number, 'accepted': number, 'rejected': number, 'undelivered': number, 'standing': number,
    }) }}
)

select
    runs.*,
    row_number() over (partition by destination, sync order by started_at desc, run_id desc) = 1 as is_latest
from runs
