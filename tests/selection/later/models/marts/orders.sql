select user_id, order_id from {{ ref('stg_orders') }} where order_id <> ''
