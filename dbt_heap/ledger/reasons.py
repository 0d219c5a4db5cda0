"""Why rows of an outbox cannot be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt_heap.warehouse import Warehouse  # loads dbt, which commands that only read the manifest do without


def reject_reasons(warehouse: Warehouse, outbox: str, rejected: int) -> dict[str, int]:
    """Rows by reason; asked only where there are any. `outbox` is a table or a select. Raises WarehouseError."""
    if not rejected:
        return {}
    reasons: dict[str, int] = {}
    for reason, _, rows in warehouse.query("reject_counts", outbox=outbox).rows:
        reasons[reason] = reasons.get(reason, 0) + int(rows)
    return reasons
