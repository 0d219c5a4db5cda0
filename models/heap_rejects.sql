{# Counts only: keys of rejected rows are identities. They stay in the state's own view, which few roles may read. #}
{{ config(materialized='table', enabled=var('dbt_heap_models', false)) }}

{%- set text, time, rows = dbt.type_string(), dbt.type_timestamp(), adapter.quote('rows') %}

with rejects as (
    {{ dbt_heap.state_rows('rejects', {
        'destination': text, 'sync': text, 'reason': text, 'property': text, 'first_at': time, 'last_at': time,
        rows: dbt.type_bigint(),
    }) }}
)

select
    destination,
    sync,
    reason,
    property,
    {{ dbt.cast('sum(' ~ rows ~ ')', dbt.type_bigint()) }} as row_count,
    min(first_at) as first_at,
    max(last_at) as last_at
from rejects
group by destination, sync, reason, property
