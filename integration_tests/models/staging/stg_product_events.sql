select
    {{ dbt.cast('event_id', dbt.type_bigint()) }} as event_id,
    user_id,
    action,
    {{ dbt.cast('occurred_at', dbt.type_timestamp()) }} as occurred_at,
    app_version,
    {{ json_column('properties') }} as properties
from {{ ref('raw_product_events') }}
