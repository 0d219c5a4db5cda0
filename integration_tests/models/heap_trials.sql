-- A sync can read a view. The filter is here because both syncs of this model use it.
{{ config(materialized='view') }}

select
    user_id,
    plan,
    trial_days,
    signed_up_at as trial_started_at,
    cast({{ dbt.dateadd('day', 'trial_days', 'signed_up_at') }} as date) as trial_ends_on
from {{ ref('stg_users') }}
where trial_days is not null
