"""Three orders, as a model has them and a sync declares them."""

from __future__ import annotations

ORDERS = {
    "type": "events",
    "identity": "user_id",
    "event_name": "Order Completed",
    "timestamp": "ordered_at",
    "unique_key": "order_id",
    "properties": {"Total": "total"},
}
ORDER_ROWS = """
    select * from (values
        (1, 'ana', timestamp '2026-03-01 08:15:00', 9.50),
        (2, 'bob', timestamp '2026-03-02 08:15:00', 20.00),
        (3, 'ana', timestamp '2026-03-03 08:15:00', 7.25)
    ) as t(order_id, user_id, ordered_at, total)
"""
