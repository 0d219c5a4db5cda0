select
    order_id,
    user_id,
    {{ dbt.cast('ordered_at', dbt.type_timestamp()) }} as ordered_at,
    cast(total as decimal(12, 2)) as total,
    currency,
    {{ dbt.cast('items', dbt.type_int()) }} as items,
    coupon,
    {{ dbt.cast('is_gift', dbt.type_boolean()) }} as is_gift
from {{ ref('raw_orders') }}
