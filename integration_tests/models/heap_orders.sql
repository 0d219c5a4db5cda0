select order_id, user_id, ordered_at, total, currency, items, coupon, is_gift
from {{ ref('stg_orders') }}
