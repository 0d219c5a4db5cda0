"""Recomputed keys: acknowledged rows that are missing from the model, and the same rows under new keys.

Heap would record such events a second time, and create such users and accounts again. A model that drops old rows, or
that contains only new rows, does not look like this. See docs/decisions/0018-recomputed-keys.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt_heap.state.contract import PlanArguments
from dbt_heap.warehouse.connection import Warehouse

LEAST_TIMED, LEAST = 3, 10  # new rows below which no check is made; without times, chance is more likely
_MANY = 100  # keys that suffice, however large the state is


@dataclass(frozen=True)
class RekeyedRows:
    """How many keys were recomputed; zero if it does not look like it."""

    missing_keys: int = 0  # acknowledged, and missing from the model
    rekeyed_rows: int = 0  # new, and likely the same rows


def count_rekeyed(warehouse: Warehouse, plan: PlanArguments, outbox: str, counts: Mapping[str, Any]) -> RekeyedRows:
    """Return how many keys were recomputed. Queries the warehouse only if the plan's figures make it likely.

    Args:
        plan: what the macros take as `plan`.
        outbox: a table or a select.
        counts: the row of `outbox_counts`.

    Raises:
        WarehouseError: the warehouse refused the query.
    """
    known, new = int(counts.get("known_rows") or 0), int(counts["new_rows"])
    timed = plan["timestamp"] and plan["type"] == "events"
    late = int(counts["late_rows"]) if known and timed else 0
    if not (_may_be_timed(known, new, late) if timed else known and new >= max(LEAST, 0.2 * known)):
        return RekeyedRows()
    row = warehouse.query("recomputed_keys", plan=plan, outbox=outbox).rows[0]
    missing, compared = int(row["missing_rows"] or 0), int(row["known_rows"] or 0)
    if not timed:
        likely = missing >= max(LEAST, 0.3 * compared) and new >= 0.8 * missing
        return RekeyedRows(missing, new) if likely else RekeyedRows()
    rekeyed = int(row["rekeyed_rows"] or 0)
    enough_keys = missing >= LEAST_TIMED and missing >= 0.1 * compared and missing >= min(0.1 * known, _MANY)
    same_times = rekeyed >= 0.3 * missing and rekeyed >= 0.5 * late
    # If all events of a day or an hour have the same time, new ones may simply be that day's later events.
    many_times = int(row["instants"]) >= LEAST_TIMED or missing >= 0.9 * known
    return RekeyedRows(missing, rekeyed) if enough_keys and same_times and many_times else RekeyedRows()


def _may_be_timed(known: int, new: int, late: int) -> bool:
    """Return whether more new events than usually arrive late are no later than the newest acknowledged one."""
    return known > 0 and late >= LEAST_TIMED and late >= 0.3 * new and late >= min(0.03 * known, 0.3 * _MANY)
