"""Why rows of an outbox cannot be sent."""

from __future__ import annotations

from dbt_heap.warehouse import Warehouse


def reject_reasons(warehouse: Warehouse, outbox: str, rejected: int) -> dict[str, int]:
    """Rows by reason; asked only where there are any. `outbox` is a table or a select. Raises WarehouseError."""
    if not rejected:
        return {}
    reasons: dict[str, int] = {}
    for reason, _, rows in warehouse.query("reject_counts", outbox=outbox).rows:
        reasons[reason] = reasons.get(reason, 0) + int(rows)
    return reasons
