select event_id, user_id, action, occurred_at, app_version, properties
from {{ ref('stg_product_events') }}
